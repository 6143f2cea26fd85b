//! How words become values: numbers as C reads them, words that mean nothing, unknown words.

use super::{refused, run};

#[test]
fn numbers_are_read_as_c_reads_them() {
    let (o, notices) = run("-N 1.0 -oversample 2. -detpixels 64.000 -seed -5 -mosaic_seed 0 -misset_seed +7");
    assert_eq!((o.crystal.n_a, o.sampling.oversample, o.detector.detpixels_fast), (Some(1), Some(2), Some(64)));
    assert_eq!((o.seeds.seed, o.seeds.mosaic_seed, o.seeds.misset_seed), (Some(-5), Some(0), Some(7)));
    assert!(notices.is_empty(), "{notices:?}");
    let (o, notices) = run("-N 5.5 -mosaic_dom 1e3 -distance 100mm -osc 1,5 -detector_abs 300um -roi 1 2.5 3 4");
    assert_eq!((o.crystal.n_a, o.crystal.mosaic_domains), (Some(5), Some(1)));
    assert_eq!((o.detector.distance_mm, o.scan.osc_deg, o.sensor.abs_um), (Some(100.0), Some(1.0), Some(300.0)));
    assert_eq!(o.sampling.roi, Some([1, 2, 3, 4]));
    let told = |flag: &str, word: &str, read: &str| {
        format!("{flag}: '{word}' is read as {read}, as in nanoBragg; what follows the number does not count")
    };
    assert_eq!(
        notices,
        [
            told("-N", "5.5", "5"),
            told("-mosaic_dom", "1e3", "1"),
            told("-distance", "100mm", "100"),
            told("-osc", "1,5", "1"),
            told("-detector_abs", "300um", "300"),
            told("-roi", "2.5", "2"),
        ]
    );
}

/// The words of nanoBragg's own examples that it does not know.
#[test]
fn dead_words_are_accepted_with_a_warning_that_says_what_is_meant() {
    let (o, notices) = run("-dispersion 0.1 -dispstep 3 -hdiv 0.28 -hdivstep 0.02 -vdiv 0.28 -vdivstep 0.02 -N 0");
    assert_eq!(
        (o.sources.hdivstep_mrad, o.sources.hdivrange_mrad, o.sources.dispersion_steps),
        (Some(0.02), None, None)
    );
    assert_eq!(o.crystal.n_a, Some(0));
    let told = "nanoBragg has no such option and ignores it, and so does this program;";
    assert_eq!(
        notices,
        [
            format!("-dispstep: {told} -dispsteps is the number of wavelengths"),
            format!("-hdiv: {told} -hdivrange is the horizontal divergence"),
            format!("-vdiv: {told} -vdivrange is the vertical divergence"),
        ]
    );
}

#[test]
fn unknown_words_can_be_ignored() {
    for line in
        ["-ignore_unknown -frobnicate 3 a.hkl -N 5 --lamda 1", "-frobnicate 3 a.hkl -N 5 --lamda 1 --ignore_unknown"]
    {
        let (o, notices) = run(line);
        assert_eq!((o.crystal.n_a, o.beam.wavelength), (Some(5), None), "{line}");
        let told = "-frobnicate, 3, a.hkl, --lamda, 1: unknown and ignored, because of -ignore_unknown";
        assert_eq!(notices, [told], "{line}");
    }
    // what is known stays what it is
    refused("-ignore_unknown -N=5", "-N=5: a value is a word of its own: -N 5");
    refused("-ignore_unknown -N five", "-N needs a whole number, but 'five' was given");
    refused("-ignore_unknown -lambda", "-lambda needs a value (Å)");
}
