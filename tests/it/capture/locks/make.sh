#!/usr/bin/env bash
# Made `uv.lock`, `pylock.toml` and `requirements.txt` with uv 0.13; needs uv and its index. The other lock files here are
# written by hand after the documentation of the tools that their first lines name.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cat >"$work/pyproject.toml" <<'PROJECT'
[project]
name = "fraud"
version = "0.1.0"
requires-python = ">=3.11,<4"
dependencies = ["click>=8.1", "packaging<24", "tomli<2 ; python_version < '3.11.1'", "pluggy ; platform_python_implementation == 'CPython'", "pywin32-ctypes ; sys_platform == 'win32'"]
[project.optional-dependencies]
plot = ["cycler"]
[dependency-groups]
dev = ["iniconfig"]
PROJECT
(
    cd "$work"
    uv lock
    uv export --format pylock.toml --output-file pylock.toml
    uv export --format requirements.txt --output-file requirements.txt
)
cp "$work"/{uv.lock,pylock.toml,requirements.txt} .
