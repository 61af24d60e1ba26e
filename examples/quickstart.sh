#!/usr/bin/env bash
# The life of a model in ten seconds: three versions of a digit classifier go through mlrun, in a
# scratch folder that is removed at the end. Every command is printed before it runs.
set -euo pipefail
unset CDPATH GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE # as set inside a git hook

usage() {
    cat <<'END'
usage: examples/quickstart.sh [--bin PATH] [--train [--python PATH]] [--keep]

  --bin PATH     use this mlrun instead of building one with cargo
  --train        train the three models for real instead of using the committed runs;
                 makes examples/digits/.venv with scikit-learn on first use
  --python PATH  with --train: a Python that has scikit-learn; makes no venv
  --keep         leave the scratch folder and say where it is
END
}

die() {
    printf '%s\n' "quickstart: $*" >&2
    exit 1
}

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
digits=$root/examples/digits
runs=$digits/runs
binary='' python='' train=no keep=no
while (($#)); do
    case $1 in
    --bin | --python)
        (($# > 1)) || die "$1 needs a path"
        case $2 in */*) path=$(cd "$(dirname "$2")" && pwd)/$(basename "$2") ;; *) path=$(command -v "$2") || path='' ;; esac
        [[ -x $path ]] || die "$1: $2 is not a program"
        if [[ $1 == --bin ]]; then binary=$path; else python=$path; fi
        shift
        ;;
    --train) train=yes ;;
    --keep) keep=yes ;;
    -h | --help)
        usage
        exit
        ;;
    *)
        usage >&2
        exit 2
        ;;
    esac
    shift
done
[[ -z $python || $train == yes ]] || die "--python goes with --train"

bold='' dim='' plain=''
[[ -t 1 && -z ${NO_COLOR-} ]] && bold=$'\e[1m' dim=$'\e[2m' plain=$'\e[0m'

say() { printf '\n%s# %s%s\n' "$dim" "$*" "$plain"; }
show() { printf '%s$ %s%s\n' "$bold" "$1" "$plain"; }
run() {
    show "$1"
    eval "$1"
}

# Runs a command that must say no: exit 1, neither an error nor a yes. What it said is in $answer.
refused() {
    local status=0
    show "$1"
    answer=$(eval "$1" 2>&1) || status=$?
    printf '%s\n' "$answer"
    ((status == 1)) || die "expected a refusal (exit 1), got exit $status"
    say "refused: exit 1"
}

command -v sha256sum >/dev/null || sha256sum() { shasum -a 256 "$@"; } # macOS

if [[ -z $binary ]]; then
    cd "$root"
    run 'cargo build --release'
    binary=$(cd "${CARGO_TARGET_DIR:-target}" && pwd)/release/mlrun
fi
mlrun() { "$binary" "$@"; }

scratch=$(mktemp -d "${TMPDIR:-/tmp}/mlrun-quickstart.XXXXXX")
clean_up() {
    if [[ $keep == yes ]]; then
        printf '\n%s\n' "kept: $scratch" >&2
    else
        cd / && rm -rf "$scratch"
    fi
}
trap clean_up EXIT

if [[ $train == yes ]]; then
    say "training for real; the committed runs are not used"
    if [[ -z $python ]]; then
        python=$digits/.venv/bin/python
        [[ -x $python ]] || run 'python3 -m venv "$digits/.venv"'
        run '"$python" -m pip install --quiet --disable-pip-version-check "scikit-learn>=1.5"'
    fi
    # The environment that mlrun is to record: the one that trains.
    environment=$("$python" -c 'import sys; print("" if sys.prefix == sys.base_prefix else sys.prefix)')
    [[ -z $environment ]] || export VIRTUAL_ENV=$environment
    runs=$scratch/runs
    for name in first better uneven; do
        run "\"\$python\" \"\$digits/train.py\" --run $name --out \"\$runs/$name\""
    done
fi

say "a project: a training script, a configuration, the rules for going live"
printf '%s\n' "digits=$digits" "runs=$runs"
mkdir "$scratch/project"
cd "$scratch/project"
export GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null # nobody's aliases, hooks or signing keys
run 'git init --quiet'
git config user.name "Ada Example"
git config user.email "ada@example.org"
run 'cp "$digits"/{train.py,predict.py,mlrun.toml,policy.toml,.gitignore} .'
run 'mlrun init'

say "the first version: snapshot, certify, put into production"
run 'cp -R "$runs/first/." .'
run 'git add . && git commit --quiet -m "First version"'
run 'mlrun snapshot digits -m "first version"'
run 'mlrun certify digits@v1 --first-release --reason "first release"'
run 'mlrun promote digits@v1 --to production'

if [[ $train == yes ]]; then
    say "does it come out again? Trained from what was recorded, in a folder of its own"
    run 'mlrun reproduce digits@v1 --command "\"$python\" train.py --run first --out ." | tee ../reproduced'
    [[ $(tail -n 1 ../reproduced) == exact ]] || die "the first version did not come out again, byte for byte"
fi

say "a better one: more landmarks"
run 'cp -R "$runs/better/." .'
run 'git commit --quiet -am "More landmarks"'
run 'mlrun status'
run 'mlrun diff'
run 'rev=$(mlrun snapshot digits -m "more landmarks"); echo "$rev"'
run 'mlrun certify "$rev"'
run 'mlrun promote "$rev" --to production'
run 'sha256sum params.yaml metrics.json model/* data/* out/* > ../better.sha256'
sleep 1 # the next line cuts off the fraction of the second, and must not land before the promotion
run 'moment=$(date -u +%Y-%m-%dT%H:%M:%SZ); echo "$moment"'

say "a third one: better on average, but its training table was \"cleaned\" of digits that lean right"
run 'cp -R "$runs/uneven/." .'
run 'git commit --quiet -am "Clean the training table, ten times the landmarks"'
run 'mlrun diff'
run 'rev=$(mlrun snapshot digits -m "cleaned training table"); echo "$rev"'
refused 'mlrun certify "$rev"'
[[ $answer == *slant*right* ]] || die "the refusal does not name the slice: slant = right"
refused 'mlrun promote "$rev" --to production'

say "3 a.m.: version 2 misbehaves; back to the version before"
run 'mlrun rollback digits --reason "complaints about misread digits"'

say "the post-mortem: what was live at that moment? Exactly these bytes"
run 'mlrun at "$moment" digits'
run 'mlrun restore "digits@production@{$moment}" --to ../case'
run 'mlrun verify'
run 'cd ../case && sha256sum -c ../better.sha256'
