#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| mlrun_fuzz::signatures(data));
