#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| pssession_fuzz::run("scrub", data));
