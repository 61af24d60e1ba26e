#![no_main]
libfuzzer_sys::fuzz_target!(
    // libFuzzer's hook aborts at any panic; those of polars are caught, and are no findings.
    init: drop(std::panic::take_hook()),
    |data: &[u8]| mlrun_fuzz::parquet(data)
);
