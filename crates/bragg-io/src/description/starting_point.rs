//! An experiment for somebody who has nothing but a crystal: a fraction of a degree on an Eiger, with the detector where its edges see
//! what such a crystal diffracts to.

use super::resolve::content_of;
use super::{Description, Notice, Origin, keys::is_under, presets};
use crate::formats::coordinates::{self, Given};
use crate::formats::read_bytes;
use crate::formats::reflections::{Content, ReadOptions, read_with};
use bragg::error::{Error, Result};
use bragg::experiment::UnitCell;
use bragg::reflections::ReciprocalMetric;
use std::path::{Path, PathBuf};

/// The detector, unless another is given.
const PRESET: &str = "eiger2-4m";
/// Wavelength (Å), unless another is given: 12.4 keV.
const WAVELENGTH: f64 = 1.0;
/// Edge of the crystal (mm); the beam is as wide.
const CRYSTAL_EDGE: f64 = 0.05;
/// Photons a second, and seconds.
const FLUX: f64 = 1e12;
const EXPOSURE: f64 = 0.02;
/// Edge of a mosaic block (Å), in whole cells: a reflection of 2 Å is 0.03° wide by it (rms), less than by the mosaicity.
const BLOCK_EDGE: f64 = 1500.0;
/// Thickness of water in the beam, in those of the crystal: mother liquor, and so much for air and glass.
const WATER: f64 = 5.0;
/// The crystal's orientation (deg): no axis along the beam or the spindle.
const MISSET: [f64; 3] = [-8.0, 11.0, 33.0];
/// The rotation (deg), and the mosaicity (deg, rms about each axis).
const RANGE: f64 = 0.5;
const MOSAIC: f64 = 0.075;

/// What a file says of its crystal.
struct Known {
    cell: UnitCell,
    /// Å.
    resolution: f64,
}

/// An experiment with the crystal of a file: coordinates or MTZ, which was given by `origin`. What is `given` by the user stays, and
/// what is chosen goes with it; the notice says what that is.
///
/// # Errors
/// The file cannot be read, is of another kind, or has no cell.
pub fn starting_point(file: &Path, origin: Origin, given: Description) -> Result<(Description, Notice)> {
    let known = known(file, &given)?;
    let mut chosen = Description::new();
    let why = |text: &str| Origin::Automatic(text.to_owned());
    let number = |name: &str| given.get(name).and_then(|entry| entry.value.number());
    chosen.insert("crystal.structure_factors.file", PathBuf::from(file), origin)?;
    chosen.insert("crystal.misset", MISSET, why("no axis along the beam"))?;
    chosen.insert("crystal.shape", "gauss", why("smooth spots"))?;
    chosen.insert("crystal.mosaic.eta", MOSAIC, why("a good crystal"))?;
    let block = block(&known).map(|n| n as i64);
    chosen.insert("crystal.n_cells", block, why("a mosaic block of 0.15 µm"))?;
    let [x, y, along] = numbers(&given, "crystal.extent").unwrap_or([CRYSTAL_EDGE; 3]);
    chosen.insert("crystal.extent", [x, y, along], why("a usual crystal"))?;
    chosen.insert("beam.flux", FLUX, why("of a usual beamline"))?;
    chosen.insert("beam.exposure", EXPOSURE, why("a usual exposure"))?;
    chosen.insert("beam.size", x.max(y), why("as wide as the crystal"))?;
    chosen.insert("background.water", WATER * along, why("five times as thick as the crystal"))?;
    if number("scan.step").is_none() {
        chosen.insert("scan.range", RANGE, why("half a degree"))?;
    }
    chosen.insert("noise.seed", 1, why("photons are counted"))?;
    chosen.insert("output.png.rings", super::Value::from("auto"), why("to read resolutions by"))?;
    chosen.insert("output.png.percentiles", [1.0, 99.97], why("weak spots are to be seen"))?;
    if number("beam.energy").is_none() && !given.iter().any(|(name, _)| is_under(name, "beam.wavelength")) {
        chosen.insert("beam.wavelength", WAVELENGTH, why("12.4 keV"))?;
    }
    let detector = detector(&known, &given, &mut chosen)?;
    chosen.merge(given);
    let notice = format!("no experiment file: {}{detector}", plan(&chosen));
    Ok((chosen, Notice(notice)))
}

/// Cells along each edge of a mosaic block.
fn block(known: &Known) -> [f64; 3] {
    known.cell.edges.map(|edge| (BLOCK_EDGE / edge).ceil().max(3.0))
}

/// The three numbers of a key that has one for each axis.
fn numbers(description: &Description, name: &str) -> Option<[f64; 3]> {
    description.get(name)?.value.numbers()?.try_into().ok()
}

/// What is simulated, in words.
fn plan(description: &Description) -> String {
    let number = |name: &str| description.get(name).and_then(|entry| entry.value.number());
    let micrometres = |mm: f64| format!("{} µm", three_digits(mm * 1000.0));
    let range = number("scan.range").or_else(|| Some(number("scan.step")? * number("scan.steps").unwrap_or(1.0)));
    let scan = match range {
        Some(range) if range != 0.0 => format!("a rotation by {range}° of"),
        _ => "a still of".to_owned(),
    };
    let crystal = match numbers(description, "crystal.extent") {
        Some([x, y, z]) if x == y && y == z => format!("a crystal of {}", micrometres(x)),
        Some(edges) => format!("a crystal of {}", edges.map(micrometres).join(" × ")),
        None => format!("{} mosaic blocks", number("crystal.n_blocks").unwrap_or(1.0)),
    };
    let photons = match (number("beam.flux"), number("beam.size")) {
        (Some(flux), Some(size)) => {
            let photons = flux * number("beam.exposure").unwrap_or(1.0);
            format!(" in a beam of {} with {photons:.1e} photons", micrometres(size))
        }
        _ => String::new(),
    };
    format!("{scan} {crystal}{photons}")
}

/// Chooses the detector and how far away it stands; says which.
fn detector(known: &Known, given: &Description, chosen: &mut Description) -> Result<String> {
    let is_given = |table: &str| given.iter().any(|(name, _)| is_under(name, table));
    let number = |name: &str| given.get(name).and_then(|entry| entry.value.number());
    if is_given("detector.panel") {
        return Ok(String::new());
    }
    let preset_name = given.get("detector.preset").and_then(|entry| entry.value.text()).unwrap_or(PRESET);
    if !(is_given("detector.pixels") && is_given("detector.pixel_size") && !is_given("detector.preset")) {
        chosen.insert("detector.preset", preset_name, Origin::Automatic("a usual detector".to_owned()))?;
    }
    if is_given("detector.distance") {
        return Ok(String::new());
    }
    let preset = presets::preset(preset_name);
    let pixels = given.get("detector.pixels").and_then(|entry| entry.value.numbers());
    let pixels = pixels.or_else(|| Some(preset?.pixels.map(|n| n as f64).to_vec())).unwrap_or_default();
    let pixel_size = number("detector.pixel_size").or_else(|| Some(preset?.pixel_size)).unwrap_or_default();
    let radius = pixels.iter().copied().fold(f64::INFINITY, f64::min) / 2.0 * pixel_size;
    let energy = number("beam.energy").map(|energy| bragg::units::EV_ANGSTROM / energy);
    let wavelength = energy.or_else(|| number("beam.wavelength")).unwrap_or(WAVELENGTH);
    let sine = wavelength / (2.0 * known.resolution);
    // no detector before the sample sees beyond 45 degrees at its edge
    let two_theta = if sine < 1.0 { 2.0 * sine.asin() } else { std::f64::consts::PI };
    let distance = (radius / two_theta.min(std::f64::consts::FRAC_PI_4).tan()).round().max(1.0);
    if distance.is_finite() {
        let why = format!("the nearest edge sees {:.2} Å", known.resolution);
        chosen.insert("detector.distance", distance, Origin::Automatic(why))?;
        let is_ours = !["crystal.shape", "crystal.n_cells", "crystal.domain_size"].into_iter().any(is_given);
        let longest = (0..3).map(|i| block(known)[i] * known.cell.edges[i]).fold(0.0, f64::max);
        // 1.5 standard deviations of a block's Gaussian spot, 0.4/L in 1/Å: its sum is off by 2·exp(−2π²/1.5²) = 3e-4
        let n = (pixel_size * longest / (0.6 * wavelength * distance)).ceil();
        if is_ours && (1.0..100.0).contains(&n) {
            let why = Origin::Automatic("sums of Gaussian spots are right within 0.1 %".to_owned());
            chosen.insert("sampling.oversample", n as i64, why)?;
        }
    }
    Ok(format!(", {preset_name} at {distance} mm, whose nearest edge sees {:.2} Å", known.resolution))
}

fn known(file: &Path, given: &Description) -> Result<Known> {
    let text = |name: &str| given.get(name).and_then(|entry| entry.value.text());
    let space_group = text("crystal.space_group");
    let column = text("crystal.structure_factors.column");
    let (content, _) = content_of(file, text("crystal.structure_factors.format"), column.is_some())?;
    let format = match content {
        Content::Coordinates => {
            let beside = Given { space_group, cell: cell_given(given) };
            let model = coordinates::parse_with(&read_bytes(file)?, file, &beside)?;
            return Ok(Known { cell: model.cell, resolution: model.expected_resolution() });
        }
        Content::Reflections(format) => format,
    };
    let options = ReadOptions { column, cell: cell_given(given), space_group };
    let (reflections, _) = read_with(file, format, &options)?;
    let refuse = |what: String| Error::file(file, None, what);
    let cell = reflections.cell.ok_or_else(|| {
        refuse("it has no unit cell, which an image without an experiment file is made by: give crystal.cell".into())
    })?;
    let metric = ReciprocalMetric::from_cell(cell).map_err(|error| refuse(error.into()))?;
    let finest = reflections.list.iter().map(|(hkl, _)| metric.inverse_d_squared(*hkl)).fold(0.0, f64::max);
    Ok(Known { cell: UnitCell::new(cell).map_err(|error| refuse(error.into()))?, resolution: finest.sqrt().recip() })
}

/// The cell that is given in full.
fn cell_given(given: &Description) -> Option<[f64; 6]> {
    let number = |name: &str| given.get(&format!("crystal.cell.{name}")).and_then(|entry| entry.value.number());
    let a = number("a")?;
    let right = |name: &str| number(name).unwrap_or(90.0);
    Some([a, number("b").unwrap_or(a), number("c").unwrap_or(a), right("alpha"), right("beta"), right("gamma")])
}

/// A number that was worked out, without digits that mean nothing.
fn three_digits(x: f64) -> f64 {
    format!("{x:.2e}").parse().unwrap_or(x)
}
