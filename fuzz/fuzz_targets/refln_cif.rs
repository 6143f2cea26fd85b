#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    bragg_fuzz::refln_cif(bytes);
});
