//! Where the reference program does what nobody would want, and does it here: said to the user when it changes the image.

use super::beam::Asked;
use super::crystal::CrystalSettings;
use super::geometry::Geometry;
use super::options::{Convention, Misset, Options, Pivot, PolarOption};
use super::{asked_dispersion, asked_divergence, asked_layers, asked_sweep, attenuation_depth, window};
use crate::description::Notice;
use bragg::experiment::beam::Ticks;
use bragg::experiment::{MosaicFrame, SamplingDepth, Shape};

const REMEDY: &str = "-physics correct does";

/// The quirks that change this image, each with the option that gives the right answer.
/// `righted` is the geometry with correct physics.
pub(super) fn quirks(
    options: &Options,
    geometry: &Geometry,
    righted: &Geometry,
    layers: &Ticks,
    sweep: &Ticks,
) -> Vec<Notice> {
    let mut notices = layer_quirks(options, layers);
    notices.extend(shape_quirk(options));
    let mut say = |text: String| notices.push(Notice(text));
    let sampling = &options.sampling;
    for (on, flag) in [
        (sampling.oversample_thick, "-oversample_thick"),
        (sampling.oversample_polar, "-oversample_polar"),
        (sampling.oversample_omega, "-oversample_omega"),
    ] {
        if on {
            say(format!(
                "{flag} multiplies the running sum after every term, not each term by its own factor; {REMEDY}"
            ));
        }
    }
    if has_domains_in_the_laboratory(options, sweep) {
        say("mosaic domains stay in the laboratory while the crystal turns; with -physics correct or -mosaic_frame crystal they turn \
             with it"
            .to_owned());
    }
    if options.noise.water_um.is_some_and(|water| water != 0.0) {
        say(format!(
            "the water background is multiplied by r_e²·fluence twice and divided by the number of steps; {REMEDY} it once"
        ));
    }
    if sampling.oversample_polar && options.beam.polar == Some(PolarOption::Off) {
        say("-oversample_polar computes the polarisation factor in spite of -nopolar; -physics correct leaves it out"
            .to_owned());
    }
    if options.crystal.misset == Some(Misset::Random) {
        say("a random misset turns by up to 90 radians about a random axis, which is not a uniform orientation; \
             -physics correct draws one"
            .to_owned());
    }
    notices.extend(geometry_quirks(options, geometry, righted));
    notices.extend(unused_near_point(options, geometry));
    notices
}

/// The quirk of the crystal's shape.
fn shape_quirk(options: &Options) -> Option<Notice> {
    let shape = options.crystal.shape?;
    let flag = shape_flag(shape);
    match shape {
        Shape::Gauss | Shape::Tophat => Some(Notice(format!(
            "spots of {flag} are 1/(Na·Nb·Nc) wide in 1/Å whatever the cell, so that their photons are off by factors up to 10,000; \
             -physics correct makes them as wide as the block does"
        ))),
        Shape::Round => Some(Notice(format!(
            "the spots of {flag} end between two reflections, and lack what would be beyond (0.5/N of their photons for N cells along each \
             edge); {REMEDY} not"
        ))),
        _ => None,
    }
}

/// The option that asks for a shape.
pub(super) fn shape_flag(shape: Shape) -> &'static str {
    match shape {
        Shape::Square => "-square_xtal",
        Shape::Round => "-round_xtal",
        Shape::Gauss | Shape::GaussStar | Shape::GaussNanobragg => "-gauss_xtal",
        Shape::Tophat | Shape::TophatNanobragg => "-tophat_spots",
    }
}

/// Quirks of the detector's place.
fn geometry_quirks(options: &Options, geometry: &Geometry, righted: &Geometry) -> Vec<Notice> {
    let mut notices = Vec::new();
    let mut say = |text: String| notices.push(Notice(text));
    let axis = geometry.axes.two_theta;
    if geometry.two_theta != 0.0 && (axis.norm() - 1.0).abs() > 1e-12 {
        say(format!(
            "the 2θ axis is used at its own length, {}, which distorts the detector; {REMEDY} not, nor does an axis of length 1",
            axis.norm()
        ));
    }
    if let Some(pivot) = options.geometry.pivot
        && pivot != geometry.pivot
        && righted.origin != geometry.origin
    {
        let [asked, used] = [pivot, geometry.pivot].map(|pivot| match pivot {
            Pivot::Sample => "sample",
            Pivot::Beam => "beam",
        });
        say(format!("-pivot {asked} gives way to the convention's, {used}; with -physics correct it counts"));
    }
    if options.geometry.pix0_vector_m.is_some() && geometry.convention == Convention::Custom {
        say("-pix0_vector gives way to the beam centre and distance; with -physics correct it is the origin".to_owned());
    }
    notices
}

/// Quirks of the sensor's layers.
fn layer_quirks(options: &Options, layers: &Ticks) -> Vec<Notice> {
    let mut notices = Vec::new();
    let mut say = |text: String| notices.push(Notice(text));
    let has_sensor = attenuation_depth(options, layers).is_some();
    if has_sensor && options.sensor.layer_depth != Some(SamplingDepth::Mean) && !options.sensor.curved {
        say("layers of the sensor are sampled at their front, so that spots lie where the photons enter them; with -physics correct or \
             -layer_depth mean they lie where photons are absorbed on average"
            .to_owned());
    }
    if layers.n_steps > 1 && has_sensor {
        if !options.sampling.oversample_thick {
            say(format!(
                "the {} sensor layers share the last one's capture fraction, not each its own; {REMEDY}",
                layers.n_steps
            ));
        }
        if (layers.step * layers.n_steps as f64 - layers.range).abs() > 1e-9 * layers.range {
            say(format!(
                "the {} sensor layers are {} µm thick each, together more than the sensor; {REMEDY} right",
                layers.n_steps, layers.step
            ));
        }
    }
    notices
}

/// Whether there are domains that would lie otherwise if they turned with the crystal.
fn has_domains_in_the_laboratory(options: &Options, sweep: &Ticks) -> bool {
    let crystal = &options.crystal;
    let has_domains =
        crystal.mosaic_spread_deg.unwrap_or(0.0) > 0.0 && crystal.mosaic_domains.filter(|&n| n > 0).unwrap_or(10) > 1;
    let turns = (sweep.n_steps > 1 && sweep.step != 0.0) || options.scan.phi_deg.is_some_and(|phi| phi != 0.0);
    has_domains && turns && crystal.mosaic_frame != Some(MosaicFrame::Crystal)
}

/// The near point, given where the convention goes by the beam's spot.
fn unused_near_point(options: &Options, geometry: &Geometry) -> Vec<Notice> {
    let goes_by_spot = geometry.pivot == Pivot::Beam && geometry.convention != Convention::Custom;
    let flags = ["-ORGX", "-ORGY", "-Xclose", "-Yclose"].into_iter();
    let unused = flags.filter(|flag| goes_by_spot && is_given(options, flag));
    let text = |flag| {
        format!(
            "{flag} has no effect: this convention takes -Xbeam and -Ybeam; -xds takes it, and so does -pivot sample with \
             -physics correct"
        )
    };
    unused.map(|flag| Notice(text(flag))).collect()
}

/// Whether the command line itself has an option.
fn is_given(options: &Options, flag: &str) -> bool {
    options.spellings.contains_key(flag)
}

/// What is worth a warning whichever physics.
pub(super) fn warnings(
    options: &Options,
    geometry: &Geometry,
    crystal: &CrystalSettings,
    needed: i64,
    misset_seed: u32,
) -> Vec<Notice> {
    let mut notices = Vec::new();
    let mut say = |text: String| notices.push(Notice(text));
    if geometry.normal_replaced {
        say("-odet_vector is not of length 1: the normal is fast × slow instead".to_owned());
    }
    if geometry.convention != Convention::Custom {
        let vectors = [
            "-fdet_vector",
            "-sdet_vector",
            "-odet_vector",
            "-beam_vector",
            "-polar_vector",
            "-spindle_axis",
            "-twotheta_axis",
            "-pix0_vector",
        ];
        for flag in vectors.into_iter().filter(|flag| is_given(options, flag)) {
            say(format!("{flag} has no effect: a convention given after it sets its own axes"));
        }
    }
    if options.sources.sourcefile.is_some() {
        let spread = ["-hdivrange", "-vdivrange", "-hdivsteps", "-vdivsteps", "-dispersion", "-dispsteps"];
        for flag in spread.into_iter().filter(|flag| is_given(options, flag)) {
            say(format!("{} has no effect beside -sourcefile", options.spelling(flag)));
        }
    }
    if options.crystal.misset == Some(Misset::Random) && options.seeds.misset_seed.is_none() {
        say(format!("the random misset is that of -misset_seed {misset_seed}"));
    }
    if crystal.clipped {
        say(format!(
            "the sample is larger than the beam across it: it is cut to the beam's {} mm",
            options.beam.beamsize_mm.unwrap_or(0.1)
        ));
    }
    if let Some(given) = options.sampling.oversample
        && (1..needed).contains(&given)
    {
        say(format!("-oversample {given} is too coarse for spots this narrow; {needed} resolve them"));
    }
    if let Some(roi) = options.sampling.roi
        && window(roi, geometry).is_none()
    {
        say(format!("-roi {roi:?} holds no pixel of the detector: the image is black"));
    }
    notices.extend(not_given(options));
    notices
}

/// Numbers, ranges and steps that are on the command line and count as missing.
fn not_given(options: &Options) -> Vec<Notice> {
    let [horizontal, vertical] = asked_divergence(options);
    let across = [
        (["-hdivsteps", "-hdivrange", "-hdivstep"], horizontal),
        (["-vdivsteps", "-vdivrange", "-vdivstep"], vertical),
        (["-dispsteps", "-dispersion", ""], asked_dispersion(options)),
        (["-detector_thicksteps", "-detector_thick", ""], asked_layers(options)),
    ];
    let across = across.into_iter().map(|(flags, asked)| (flags, asked, asked.given_across()));
    let sweep = asked_sweep(options);
    let along = (["-phisteps", "-osc", "-phistep"], sweep, sweep.given_along());
    let mut notices = Vec::new();
    for (flags, Asked { n, range, step, .. }, (given_n, given_range, given_step)) in across.chain([along]) {
        let values = [
            (n.is_some(), given_n.is_some()),
            (range.is_some(), given_range.is_some()),
            (step.is_some(), given_step.is_some()),
        ];
        for (flag, (is_there, is_given)) in flags.into_iter().zip(values) {
            if is_there && !is_given && self::is_given(options, flag) {
                let flag = options.spelling(flag);
                notices.push(Notice(format!("the value of {flag} counts as not given, as in nanoBragg")));
            }
        }
    }
    notices
}
