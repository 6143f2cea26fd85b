#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    bragg_fuzz::xds_ascii(bytes);
});
