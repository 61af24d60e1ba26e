#!/usr/bin/env bash
# Fuzzes every target, or those named, for some seconds each. Needs stable Rust and a C++ compiler, nothing else.
# usage: run.sh [SECONDS [TARGET…]]
set -euo pipefail
here=$(dirname "$(realpath "${BASH_SOURCE[0]}")")
target=$(realpath -m "${CARGO_TARGET_DIR:-$here/../../target}")
cd "$here"

seconds=${1:-4}
shift || true
work=$target/fuzz

# The program's own versions: the libraries it was built with are there, and are not built again.
cp ../../Cargo.lock Cargo.lock
CARGO_TARGET_DIR=$target RUSTC_WRAPPER=$PWD/instrument.sh cargo build --quiet --release --bins

# What the tests already have of a target's kind is where it begins; `seeds` has what they lack, and what once failed.
seeds() {
    local it=../it examples=../../examples
    case $1 in
    layout) echo "$it"/layout/fixtures "$it"/table/fixtures ;;
    introspect) echo "$it"/introspect/fixtures ;;
    records | object | trailer | index | recipe | checkpoint | known) echo "$it"/format/goldens ;;
    # These make what they need of any bytes.
    block_* | cut | planes | store) echo "$it"/layout/fixtures ;;
    csv | parquet) echo "$it"/table/fixtures ;;
    arrow | lines) echo "$it"/table/fixtures/profile ;;
    config | policy | toml) echo "$examples"/digits ;;
    esac
    [[ ! -d seeds/$1 ]] || echo "seeds/$1"
}

fuzz() {
    local name=$1 corpus=$work/corpus/$1 log=$work/$1.log options=()
    mkdir -p "$corpus" "$work/found"
    # What can only be read from a disk is written to memory, where there is such a place.
    TMPDIR=$(mktemp -d -p "$([[ -w /dev/shm ]] && echo /dev/shm || echo "$work")")
    export TMPDIR
    trap 'rm -rf "$TMPDIR"' EXIT
    [[ ! -f dictionaries/$name ]] || options+=("-dict=dictionaries/$name")
    # shellcheck disable=SC2046
    if "$target/release/$name" -seed=1 -max_total_time="$seconds" -max_len=32768 -len_control=0 -timeout=20 -rss_limit_mb=1024 \
        -malloc_limit_mb=256 -print_final_stats=1 -artifact_prefix="$work/found/$name-" "${options[@]}" \
        "$corpus" $(seeds "$name") >"$log" 2>&1; then
        printf '%-18s %s inputs\n' "$name" "$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")"
    else
        tail -n 60 "$log"
        printf '\n%s failed; see %s. Once more, without the search:\n  %s %s\n' "$name" "$log" "$target/release/$name" \
            "$(sed -n 's/.*Test unit written to //p' "$log")"
        return 1
    fi
}

if (($# == 0)); then
    mapfile -t names < <(basename -s .rs targets/*.rs)
    set -- "${names[@]}"
fi
export seconds target work
export -f fuzz seeds
printf '%s\0' "$@" | xargs -0 -n 1 -P "$(nproc)" bash -euo pipefail -c 'fuzz "$1"' fuzz
