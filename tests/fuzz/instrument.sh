#!/bin/sh
# A wrapper of rustc (RUSTC_WRAPPER): the library and the targets report to libFuzzer which ways they go and what they
# compare. All other packages are left as they are, so that those the program was built with serve here too.
rustc=$1
shift
case " $* " in
*' --crate-name mlrun '* | *' --crate-name mlrun_fuzz '*)
    set -- "$@" --cfg fuzzing -Cpasses=sancov-module \
        -Cllvm-args=-sanitizer-coverage-level=4 \
        -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
        -Cllvm-args=-sanitizer-coverage-pc-table \
        -Cllvm-args=-sanitizer-coverage-trace-compares
    ;;
esac
exec "$rustc" "$@"
