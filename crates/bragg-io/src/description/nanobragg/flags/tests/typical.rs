//! A typical use of every option under each of its names, and what it must do.

use std::path::{Path, PathBuf};

use crate::description::nanobragg::{
    CellOptions, Convention, Misset, Options, PhysicsChoice, Pivot, PolarOption, SourceWavelength, SourceWeights,
    WavelengthOption,
};
use bragg::experiment::{MosaicFrame, Precision, SamplingDepth, Shape};

/// Words of a command line, and whether the options are then what they must be.
pub(super) type Check = (&'static str, fn(&Options) -> bool);

/// The words and what the options then are. Numbers differ from the defaults.
pub(super) const TYPICAL: &[Check] = &[
    ("-cell 77 78 38 91 92 93", |o| {
        o.crystal.cell
            == Some(CellOptions {
                a_angstrom: 77.0,
                b_angstrom: Some(78.0),
                c_angstrom: Some(38.0),
                alpha_deg: Some(91.0),
                beta_deg: Some(92.0),
                gamma_deg: Some(93.0),
            })
    }),
    ("-mat file.x", |o| is_file(&o.crystal.mat)),
    ("-misset 10 -20 30.5", |o| o.crystal.misset == Some(Misset::AnglesDeg([10.0, -20.0, 30.5]))),
    ("-misset random", |o| o.crystal.misset == Some(Misset::Random)),
    ("-misset_seed 12345", |o| o.seeds.misset_seed == Some(12345) && o.crystal.misset.is_none()),
    ("-N 5", |o| (o.crystal.n_a, o.crystal.n_b, o.crystal.n_c) == (Some(5), Some(5), Some(5))),
    ("-Na 3", |o| (o.crystal.n_a, o.crystal.n_b, o.crystal.n_c) == (Some(3), None, None)),
    ("-Nb 7", |o| (o.crystal.n_a, o.crystal.n_b, o.crystal.n_c) == (None, Some(7), None)),
    ("-Nc 12", |o| (o.crystal.n_a, o.crystal.n_b, o.crystal.n_c) == (None, None, Some(12))),
    ("-samplesize 0.01", |o| sample(o) == (Some(0.01), Some(0.01), Some(0.01))),
    ("-sample_size 0.01", |o| sample(o) == (Some(0.01), Some(0.01), Some(0.01))),
    ("-xtalsize 0.01", |o| sample(o) == (Some(0.01), Some(0.01), Some(0.01))),
    ("-xtal_size 0.01", |o| sample(o) == (Some(0.01), Some(0.01), Some(0.01))),
    ("-sample_x 0.01", |o| sample(o) == (Some(0.01), None, None)),
    ("-sample_thick 0.01", |o| sample(o) == (Some(0.01), None, None)),
    ("-xtal_x 0.01", |o| sample(o) == (Some(0.01), None, None)),
    ("-xtal_thick 0.01", |o| sample(o) == (Some(0.01), None, None)),
    ("-sample_y 0.01", |o| sample(o) == (None, Some(0.01), None)),
    ("-sample_width 0.01", |o| sample(o) == (None, Some(0.01), None)),
    ("-xtal_y 0.01", |o| sample(o) == (None, Some(0.01), None)),
    ("-xtal_width 0.01", |o| sample(o) == (None, Some(0.01), None)),
    ("-width 0.01", |o| sample(o) == (None, Some(0.01), None)),
    ("-sample_z 0.01", |o| sample(o) == (None, None, Some(0.01))),
    ("-sample_height 0.01", |o| sample(o) == (None, None, Some(0.01))),
    ("-xtal_z 0.01", |o| sample(o) == (None, None, Some(0.01))),
    ("-xtal_height 0.01", |o| sample(o) == (None, None, Some(0.01))),
    ("-height 0.01", |o| sample(o) == (None, None, Some(0.01))),
    ("-square_xtal", |o| o.crystal.shape == Some(Shape::Square)),
    ("-round_xtal", |o| o.crystal.shape == Some(Shape::Round)),
    ("-gauss_xtal", |o| o.crystal.shape == Some(Shape::Gauss)),
    ("-tophat_spots", |o| o.crystal.shape == Some(Shape::Tophat)),
    ("-binary_spots", |o| o.crystal.shape == Some(Shape::Tophat)),
    ("-fudge 0.8", |o| o.crystal.fudge == Some(0.8)),
    ("-mosaic 0.5", |o| o.crystal.mosaic_spread_deg == Some(0.5)),
    ("-mosaici 0.5", |o| o.crystal.mosaic_spread_deg == Some(0.5)),
    ("-mosaic_spr 0.5", |o| o.crystal.mosaic_spread_deg == Some(0.5)),
    ("-mosaic_dom 25", |o| o.crystal.mosaic_domains == Some(25) && o.crystal.mosaic_spread_deg.is_none()),
    ("-layer_depth mean", |o| o.sensor.layer_depth == Some(SamplingDepth::Mean)),
    ("-layer_depth entrance", |o| o.sensor.layer_depth == Some(SamplingDepth::Entrance)),
    ("-mosaic_frame crystal", |o| o.crystal.mosaic_frame == Some(MosaicFrame::Crystal)),
    ("-mosaic_frame laboratory", |o| o.crystal.mosaic_frame == Some(MosaicFrame::Laboratory)),
    ("-mosaic_seed 4242", |o| o.seeds.mosaic_seed == Some(4242) && o.crystal.mosaic_spread_deg.is_none()),
    ("-hkl file.x", |o| is_file(&o.reflections.hkl)),
    ("-default_F 100", |o| o.reflections.default_f == Some(100.0)),
    ("-dump file.x", |o| is_file(&o.reflections.dump)),
    ("-interpolate", |o| o.reflections.interpolate == Some(true)),
    ("-nointerpolate", |o| o.reflections.interpolate == Some(false)),
    ("-lambda 0.9768", |o| o.beam.wavelength == Some(WavelengthOption::Angstrom(0.9768))),
    ("-wave 0.9768", |o| o.beam.wavelength == Some(WavelengthOption::Angstrom(0.9768))),
    ("-energy 9000", |o| o.beam.wavelength == Some(WavelengthOption::ElectronVolt(9000.0))),
    ("-fluence 1e24", |o| o.beam.fluence_per_m2 == Some(1e24)),
    ("-flux 1e12", |o| o.beam.flux_per_s == Some(1e12)),
    ("-exposure 0.1", |o| o.beam.exposure_s == Some(0.1)),
    ("-beamsize 0.01", |o| o.beam.beamsize_mm == Some(0.01)),
    ("-polar -0.5", |o| (o.beam.polar, o.beam.kahn_factor) == (Some(PolarOption::Kahn(-0.5)), Some(-0.5))),
    ("-nopolar", |o| o.beam.polar == Some(PolarOption::Off)),
    ("-dispersion 2", |o| o.sources.dispersion_percent == Some(2.0)),
    ("-dispsteps 5", |o| o.sources.dispersion_steps == Some(5)),
    ("-divergence 6", |o| (o.sources.hdivrange_mrad, o.sources.vdivrange_mrad) == (Some(6.0), Some(6.0))),
    ("-hdivrange 8", |o| (o.sources.hdivrange_mrad, o.sources.vdivrange_mrad) == (Some(8.0), None)),
    ("-vdivrange 6", |o| (o.sources.hdivrange_mrad, o.sources.vdivrange_mrad) == (None, Some(6.0))),
    ("-hdivstep 2", |o| (o.sources.hdivstep_mrad, o.sources.hdivsteps) == (Some(2.0), None)),
    ("-vdivstep 2", |o| (o.sources.vdivstep_mrad, o.sources.vdivsteps) == (Some(2.0), None)),
    ("-hdivsteps 3", |o| (o.sources.hdivstep_mrad, o.sources.hdivsteps) == (None, Some(3))),
    ("-vdivsteps 3", |o| (o.sources.vdivstep_mrad, o.sources.vdivsteps) == (None, Some(3))),
    ("-divsteps 4", |o| (o.sources.hdivsteps, o.sources.vdivsteps) == (Some(4), Some(4))),
    ("-round_div", |o| o.sources.round_div == Some(true)),
    ("-square_div", |o| o.sources.round_div == Some(false)),
    ("-sourcefile file.x", |o| is_file(&o.sources.sourcefile)),
    ("-source_weights apply", |o| o.sources.weights == Some(SourceWeights::Apply)),
    ("-source_weights ignore", |o| o.sources.weights == Some(SourceWeights::Ignore)),
    ("-source_wavelength file", |o| o.sources.wavelength == Some(SourceWavelength::File)),
    ("-source_wavelength lambda", |o| o.sources.wavelength == Some(SourceWavelength::Lambda)),
    ("-phi -5", |o| o.scan.phi_deg == Some(-5.0)),
    ("-osc 2", |o| o.scan.osc_deg == Some(2.0)),
    ("-phistep 0.5", |o| (o.scan.phistep_deg, o.scan.phisteps, o.scan.phi_deg) == (Some(0.5), None, None)),
    ("-phisteps 7", |o| (o.scan.phistep_deg, o.scan.phisteps, o.scan.phi_deg) == (None, Some(7), None)),
    ("-distance 231.27466", |o| o.detector.distance_mm == Some(231.27466)),
    ("-close_distance 95", |o| o.detector.close_distance_mm == Some(95.0) && o.detector.distance_mm.is_none()),
    ("-pixel 0.172", |o| o.detector.pixel_mm == Some(0.172)),
    ("-detpixels 96", |o| (o.detector.detpixels_fast, o.detector.detpixels_slow) == (Some(96), Some(96))),
    ("-detpixels_x 128", |o| (o.detector.detpixels_fast, o.detector.detpixels_slow) == (Some(128), None)),
    ("-detpixels_f 128", |o| (o.detector.detpixels_fast, o.detector.detpixels_slow) == (Some(128), None)),
    ("-detpixels_y 112", |o| (o.detector.detpixels_fast, o.detector.detpixels_slow) == (None, Some(112))),
    ("-detpixels_s 112", |o| (o.detector.detpixels_fast, o.detector.detpixels_slow) == (None, Some(112))),
    ("-detsize 20", |o| (o.detector.detsize_fast_mm, o.detector.detsize_slow_mm) == (Some(20.0), Some(20.0))),
    ("-detsize_f 20", |o| (o.detector.detsize_fast_mm, o.detector.detsize_slow_mm) == (Some(20.0), None)),
    ("-detsize_s 20", |o| (o.detector.detsize_fast_mm, o.detector.detsize_slow_mm) == (None, Some(20.0))),
    ("-Xbeam 5.1", |o| (o.detector.xbeam_mm, o.detector.ybeam_mm) == (Some(5.1), None)),
    ("-Ybeam 4.3", |o| (o.detector.xbeam_mm, o.detector.ybeam_mm) == (None, Some(4.3))),
    ("-Xclose 4", |o| (o.detector.xclose_mm, o.detector.yclose_mm) == (Some(4.0), None)),
    ("-Yclose 5.5", |o| (o.detector.xclose_mm, o.detector.yclose_mm) == (None, Some(5.5))),
    ("-ORGX 40.5", |o| (o.detector.orgx_pixels, o.detector.orgy_pixels) == (Some(40.5), None)),
    ("-ORGY 55.25", |o| (o.detector.orgx_pixels, o.detector.orgy_pixels) == (None, Some(55.25))),
    ("-mask file.x", |o| is_file(&o.detector.mask)),
    ("-img file.x", |o| is_file(&o.detector.img)),
    ("-mosflm", |o| convention(o) == Some(Convention::Mosflm)),
    ("-xds", |o| convention(o) == Some(Convention::Xds)),
    ("-adxv", |o| convention(o) == Some(Convention::Adxv)),
    ("-denzo", |o| convention(o) == Some(Convention::Denzo)),
    ("-dials", |o| convention(o) == Some(Convention::Dials)),
    ("-pivot sample", |o| (o.geometry.pivot, last_pivot(o)) == (Some(Pivot::Sample), Some(Pivot::Sample))),
    ("-pivot beam", |o| (o.geometry.pivot, last_pivot(o)) == (Some(Pivot::Beam), Some(Pivot::Beam))),
    ("-fdet_vector 0 0 1", |o| o.geometry.fdet_vector == Some([0.0, 0.0, 1.0])),
    ("-sdet_vector 0 -1 0", |o| o.geometry.sdet_vector == Some([0.0, -1.0, 0.0])),
    ("-odet_vector 2 0 0", |o| o.geometry.odet_vector == Some([2.0, 0.0, 0.0])),
    ("-beam_vector 1 0 0", |o| o.geometry.beam_vector == Some([1.0, 0.0, 0.0])),
    ("-polar_vector 0 0 1", |o| o.geometry.polar_vector == Some([0.0, 0.0, 1.0]) && o.beam.polar.is_none()),
    ("-spindle_axis 0 1 0", |o| o.geometry.spindle_axis == Some([0.0, 1.0, 0.0])),
    ("-twotheta_axis 0 0 -1", |o| o.geometry.twotheta_axis == Some([0.0, 0.0, -1.0])),
    ("-pix0_vector 0.1 0.0051 -.0043", |o| o.geometry.pix0_vector_m == Some([0.1, 0.0051, -0.0043])),
    ("-detector_rotx 5", |o| o.geometry.detector_rotx_deg == Some(5.0)),
    ("-detector_roty -3", |o| o.geometry.detector_roty_deg == Some(-3.0)),
    ("-detector_rotz 2", |o| o.geometry.detector_rotz_deg == Some(2.0)),
    ("-twotheta 10", |o| o.geometry.twotheta_deg == Some(10.0) && o.geometry.twotheta_axis.is_none()),
    ("-detector_abs 300", |o| o.sensor.abs_um == Some(300.0)),
    ("-detector_abs inf", |o| o.sensor.abs_um == Some(f64::INFINITY)),
    ("-detector_thick 450", |o| {
        (o.sensor.thick_um, o.sensor.thicksteps, o.sensor.thick_is_last) == (Some(450.0), None, true)
    }),
    ("-detector_thicksteps 4", |o| (o.sensor.thick_um, o.sensor.thicksteps) == (None, Some(4))),
    ("-thicksteps 4", |o| (o.sensor.thick_um, o.sensor.thicksteps) == (None, Some(4))),
    ("-curved_det", |o| o.sensor.curved),
    ("-point_pixel", |o| o.sensor.point_pixel),
    ("-oversample 2", |o| o.sampling.oversample == Some(2)),
    ("-oversample_thick", |o| oversampled(o) == (true, false, false)),
    ("-oversample_polar", |o| oversampled(o) == (false, true, false)),
    ("-oversample_omega", |o| oversampled(o) == (false, false, true)),
    ("-dmin 3", |o| o.sampling.dmin_angstrom == Some(3.0)),
    ("-roi -2 61 10 50", |o| o.sampling.roi == Some([-2, 61, 10, 50])),
    ("-physics nanobragg", |o| o.sampling.physics == Some(PhysicsChoice::NanoBragg)),
    ("-physics correct", |o| o.sampling.physics == Some(PhysicsChoice::Correct)),
    ("-precision double", |o| o.sampling.precision == Some(Precision::Double)),
    ("-precision fast", |o| o.sampling.precision == Some(Precision::Fast)),
    ("-culling 1e-3", |o| o.sampling.culling == Some(1e-3)),
    ("-water 20", |o| o.noise.water_um == Some(20.0)),
    ("-adc -3", |o| o.noise.adc == Some(-3.0)),
    ("-nonoise", |o| o.noise.noise == Some(false)),
    ("-seed 1", |o| o.seeds.seed == Some(1)),
    ("-floatfile file.x", |o| is_file(&o.output.floatfile)),
    ("-floatimage file.x", |o| is_file(&o.output.floatfile)),
    ("-intfile file.x", |o| is_file(&o.output.intfile)),
    ("-intimage file.x", |o| is_file(&o.output.intfile)),
    ("-scale 2.5", |o| o.output.scale == Some(2.5)),
    ("-noisefile file.x", |o| is_file(&o.output.noisefile) && o.noise.noise == Some(true)),
    ("-noiseimage file.x", |o| is_file(&o.output.noisefile) && o.noise.noise == Some(true)),
    ("-pgmfile file.x", |o| is_file(&o.output.pgmfile) && o.output.pgm == Some(true)),
    ("-pgmimage file.x", |o| is_file(&o.output.pgmfile) && o.output.pgm == Some(true)),
    ("-pgmscale 2.5", |o| (o.output.pgmscale, o.output.pgm) == (Some(2.5), Some(true))),
    ("-nopgm", |o| o.output.pgm == Some(false)),
    ("-printout", |o| o.output.printout),
    ("-printout_pixel 10 20", |o| (o.output.printout_pixel, o.output.printout) == (Some([10, 20]), false)),
    ("-progress", |o| o.run.progress == Some(true)),
    ("-noprogress", |o| o.run.progress == Some(false)),
    ("-quiet", |o| o.run.quiet),
    ("-threads 8", |o| o.run.threads == Some(8)),
    ("-print_experiment", |o| o.run.print_experiment),
    ("-ignore_unknown", |o| o.run.ignore_unknown),
];

fn sample(o: &Options) -> (Option<f64>, Option<f64>, Option<f64>) {
    (o.crystal.sample_x_mm, o.crystal.sample_y_mm, o.crystal.sample_z_mm)
}

fn oversampled(o: &Options) -> (bool, bool, bool) {
    (o.sampling.oversample_thick, o.sampling.oversample_polar, o.sampling.oversample_omega)
}

pub(super) fn convention(o: &Options) -> Option<Convention> {
    o.geometry.convention.as_ref().map(|chosen| chosen.value)
}

pub(super) fn last_pivot(o: &Options) -> Option<Pivot> {
    o.geometry.last_pivot.as_ref().map(|chosen| chosen.value)
}

fn is_file(path: &Option<PathBuf>) -> bool {
    path.as_deref() == Some(Path::new("file.x"))
}
