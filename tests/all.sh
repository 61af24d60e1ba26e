#!/usr/bin/env bash
# Passes all the tests on a fresh machine with Rust: installs what they need, builds, runs everything.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

step() { printf '\n== %s\n' "$*"; }

# Programs the tests compare with. Most machines have them; as root, Debian's are installed.
missing=()
for program in git jq sha256sum tar gzip cc c++ python3 openssl; do
    command -v "$program" >/dev/null || missing+=("$program")
done
if ((${#missing[@]})); then
    step "installing: ${missing[*]}"
    if command -v apt-get >/dev/null; then
        sudo=''
        [[ $(id -u) == 0 ]] || sudo=sudo
        $sudo apt-get update -qq
        $sudo apt-get install -y -qq --no-install-recommends git jq coreutils tar gzip gcc g++ libc6-dev python3 python3-venv openssl
    else
        printf 'please install: %s\n' "${missing[*]}" >&2
        exit 1
    fi
fi

step "a Python with scikit-learn, for training the example for real"
venv=${CARGO_TARGET_DIR:-target}/test-venv
if ! "$venv/bin/python" -c 'import sklearn' 2>/dev/null; then
    rm -rf "$venv"
    if ! python3 -m venv "$venv" 2>/dev/null; then
        sudo=''
        [[ $(id -u) == 0 ]] || sudo=sudo
        $sudo apt-get update -qq
        $sudo apt-get install -y -qq --no-install-recommends python3-venv
        python3 -m venv "$venv"
    fi
    "$venv/bin/pip" install --quiet --disable-pip-version-check 'scikit-learn>=1.5'
fi
# Another program's opinion of what is in the store.
[[ -x $venv/bin/detect-secrets ]] || "$venv/bin/pip" install --quiet --disable-pip-version-check detect-secrets
# Other programs' opinion of signatures, and of reports.
"$venv/bin/python" -c 'import securesystemslib, cryptography, jsonschema' 2>/dev/null ||
    "$venv/bin/pip" install --quiet --disable-pip-version-check 'securesystemslib>=1.2' cryptography jsonschema

step "the program"
cargo build --release --locked

step "the library without the command line"
cargo check --release --locked --lib --no-default-features

step "the tests"
cargo test --release --locked

step "the example, with the committed runs"
./examples/quickstart.sh --bin "${CARGO_TARGET_DIR:-target}/release/mlrun" >/dev/null
echo "ok"

step "the example, trained for real"
./examples/quickstart.sh --bin "${CARGO_TARGET_DIR:-target}/release/mlrun" --train --python "$venv/bin/python" >/dev/null
echo "ok"

step "the parsers, under fuzzing"
tests/fuzz/run.sh 4
