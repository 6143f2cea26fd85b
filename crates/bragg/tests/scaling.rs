//! How images scale, and in which frame things live: two descriptions of one situation have one image.

mod common;

use bragg::experiment::{Experiment, SamplingDepth, Sensor, Shape, Source};
use bragg::image::Image;
use bragg::kernel::{self, Backend, Unwatched};
use bragg::math::{Mat3, Vec3};
use bragg::scene::Scene;

const SHAPES: [Shape; 5] = [Shape::Square, Shape::Round, Shape::Gauss, Shape::GaussStar, Shape::Tophat];

fn render(experiment: &Experiment) -> Vec<f64> {
    let image: Image<f64> = kernel::render(&Scene::new(experiment), &Unwatched).unwrap();
    image.pixels().copied().collect()
}

/// The largest difference, as a fraction of the brightest pixel.
fn difference(a: &[f64], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len());
    let top = b.iter().copied().fold(0.0, f64::max);
    assert!(top > 0.0);
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max) / top
}

/// Both experiments have one image, but for a factor; the reference kernel says so too.
fn assert_alike(a: &Experiment, b: &Experiment, factor: f64) {
    let scaled: Vec<f64> = render(b).iter().map(|photons| photons * factor).collect();
    let off = difference(&render(a), &scaled);
    assert!(off < 1e-9, "{off}");
    let plain: Image<f64> = Backend::Reference.render(&Scene::new(a), &Unwatched).unwrap();
    let plain: Vec<f64> = plain.pixels().copied().collect();
    let off = difference(&plain, &scaled);
    assert!(off < 1e-9, "reference: {off}");
}

fn with_sensor() -> Experiment {
    let mut experiment = common::experiment();
    experiment.detector.sensor =
        Some(Sensor { n_layers: 2, layer_thickness: 0.4, attenuation: 1.7, sampling_depth: SamplingDepth::Mean });
    experiment
}

/// A crystal of twice the cell in light of twice the wavelength diffracts as before.
#[test]
fn cell_and_wavelength_scale_together() {
    for shape in SHAPES {
        let mut small = common::experiment();
        small.crystal.shape = shape;
        let mut large = small.clone();
        large.crystal.real_space = Mat3(large.crystal.real_space.0.map(|edge| edge * 2.0));
        large.beam.wavelength *= 2.0;
        large.beam.sources.iter_mut().for_each(|source| source.wavelength *= 2.0);
        assert_alike(&large, &small, 1.0);
    }
}

/// A detector of twice the size at twice the distance sees what it saw, if its sensor is thicker and clearer in the same measure.
#[test]
fn a_detector_is_known_by_its_angles() {
    let near = with_sensor();
    let mut far = near.clone();
    let panel = &mut far.detector.panels[0];
    panel.origin = panel.origin * 2.0;
    panel.pixel_size *= 2.0;
    far.detector.distance *= 2.0;
    let sensor = far.detector.sensor.as_mut().unwrap();
    sensor.layer_thickness *= 2.0;
    sensor.attenuation /= 2.0;
    assert_alike(&far, &near, 1.0);
}

/// Photons go by area: a pixel has those of the four pixels that it is divided into.
#[test]
fn pixels_divide_their_photons() {
    let mut coarse = with_sensor();
    coarse.sampling.oversample = 4;
    let mut fine = coarse.clone();
    fine.sampling.oversample = 2;
    let panel = &mut fine.detector.panels[0];
    panel.pixel_size /= 2.0;
    (panel.n_fast, panel.n_slow) = (2 * panel.n_fast, 2 * panel.n_slow);
    let width = panel.n_fast;
    let fine = render(&fine);
    let coarse_image = render(&coarse);
    let binned: Vec<f64> = (0..coarse_image.len())
        .map(|i| {
            let (fast, slow) = (2 * (i % (width / 2)), 2 * (i / (width / 2)));
            [(0, 0), (1, 0), (0, 1), (1, 1)].iter().map(|(x, y)| fine[(slow + y) * width + fast + x]).sum()
        })
        .collect();
    let off = difference(&binned, &coarse_image);
    assert!(off < 1e-12, "{off}");
}

#[test]
fn photons_are_in_proportion_to_fluence_and_crystals_and_to_amplitudes_squared() {
    let once = common::experiment();
    let mut more = once.clone();
    more.beam.fluence *= 3.0;
    assert_alike(&more, &once, 3.0);
    let mut more = once.clone();
    more.crystal.scale *= 5.0;
    assert_alike(&more, &once, 5.0);
    let mut more = once.clone();
    more.structure_factors.scale *= 7.0;
    assert_alike(&more, &once, 49.0);
}

/// A source twice in the list, with whatever weights add up to its own.
#[test]
fn a_source_may_be_divided() {
    let whole = common::experiment();
    let mut divided = whole.clone();
    let [first, second] = [whole.beam.sources[0], whole.beam.sources[1]];
    // the mean weight of three is 1: each is 3/2 of what it is of two
    let weighted = |source: Source, share: f64| Source { weight: source.weight * share * 1.5, ..source };
    divided.beam.sources = vec![weighted(first, 0.2), weighted(second, 1.0), weighted(first, 0.8)];
    assert_alike(&divided, &whole, 1.0);
}

/// A spindle that points the other way turns the other way; a whole turn is none.
#[test]
fn spindles_turn_by_the_right_hand() {
    let mut forward = common::experiment();
    forward.scan.axis = Vec3::new(0.36, 0.48, -0.8);
    let mut backward = forward.clone();
    backward.scan.axis = -backward.scan.axis;
    backward.scan.first = -backward.scan.first;
    backward.scan.step = -backward.scan.step;
    assert_alike(&backward, &forward, 1.0);
    let mut around = forward.clone();
    around.scan.first += 360.0;
    assert_alike(&around, &forward, 1.0);
}

/// A field across the one that is given, with the opposite K, is the same polarisation.
#[test]
fn fields_across_each_other_have_opposite_signs() {
    let mut along = common::experiment();
    let direction = along.beam.direction;
    along.beam.sources.truncate(1);
    along.beam.sources[0].weight = 1.0;
    let mut across = along.clone();
    let field = across.beam.polarization.as_mut().unwrap();
    field.e_vector = field.e_vector.cross(direction);
    field.kahn_factor = -field.kahn_factor;
    assert_alike(&across, &along, 1.0);
}

/// A sensor that absorbs at once captures what falls on its surface.
#[test]
fn an_opaque_sensor_captures_everything() {
    let bare = common::experiment();
    let mut opaque = with_sensor();
    let sensor = opaque.detector.sensor.as_mut().unwrap();
    (sensor.n_layers, sensor.layer_thickness, sensor.attenuation) = (1, 1e-5, 1e7);
    let off = difference(&render(&opaque), &render(&bare));
    assert!(off < 1e-5, "{off}");
}
