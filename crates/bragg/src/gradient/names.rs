//! The table of parameters, and why other names are none.

use super::parameter::CellNumbers::{A, Alpha, Angles, B, Beta, C, Edges, EdgesAB, Gamma};
use super::parameter::PanelAxis::{Fast, Slow};
use super::parameter::Parameter::{self, *};
use super::parameter::{Axis, Range};
use super::shift::LEAST_INTENSITY;
use crate::experiment::{Experiment, MosaicSpread};
use Axis::{X, Y, Z};

/// A parameter and what people call it.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    /// The parameter; of a list, its first.
    pub parameter: Parameter,
    /// Its name, `[]` for the place in a list.
    pub name: &'static str,
    /// Another name that is understood; empty for none.
    pub alias: &'static str,
    /// Its unit; empty for a plain number.
    pub unit: &'static str,
    /// What the parameter is.
    pub meaning: &'static str,
    /// The lowest and the highest value that it may have.
    pub bounds: [f64; 2],
}

impl Row {
    /// The names that are understood.
    pub(super) fn names(&self) -> impl Iterator<Item = &'static str> {
        [self.name, self.alias].into_iter().filter(|name| !name.is_empty())
    }
}

const ALL: [f64; 2] = [f64::NEG_INFINITY, f64::INFINITY];
const POSITIVE: [f64; 2] = [f64::MIN_POSITIVE, f64::INFINITY];
const FROM_0: [f64; 2] = [0.0, f64::INFINITY];
const FROM_1: [f64; 2] = [1.0, f64::INFINITY];
/// Angles of a cell, and the half-width of a cap.
const ANGLE: [f64; 2] = [f64::MIN_POSITIVE, 180.0];
const INTENSITY: [f64; 2] = [LEAST_INTENSITY, f64::INFINITY];

const fn row(
    parameter: Parameter,
    name: &'static str,
    unit: &'static str,
    bounds: [f64; 2],
    meaning: &'static str,
) -> Row {
    Row { parameter, name, alias: "", unit, meaning, bounds }
}

const fn also(alias: &'static str, row: Row) -> Row {
    Row { alias, ..row }
}

const TURN: &str = "small rotation of the crystal about a laboratory axis, on top of its orientation";
const TURN_BEAM: &str = "small rotation of the beam, its sources and its electric field about a laboratory axis";
const TURN_PANEL: &str = "small rotation of a panel about a laboratory axis through its middle";
const TURN_DETECTOR: &str = "small rotation of the detector about a laboratory axis through the beam spot";
const ORIGIN: &str = "corner of the first pixel of a panel";
const BASIS: &str = "component of a cell edge in the laboratory frame";
const COUNT: &str = "number of unit cells along an edge";

/// Every parameter.
// one row, one line
#[rustfmt::skip]
pub const TABLE: &[Row] = &[
    row(Cell(A), "crystal.cell.a", "Å", POSITIVE, "edge a of the cell"),
    row(Cell(B), "crystal.cell.b", "Å", POSITIVE, "edge b of the cell"),
    row(Cell(C), "crystal.cell.c", "Å", POSITIVE, "edge c of the cell"),
    row(Cell(Alpha), "crystal.cell.alpha", "deg", ANGLE, "angle between b and c"),
    row(Cell(Beta), "crystal.cell.beta", "deg", ANGLE, "angle between a and c"),
    row(Cell(Gamma), "crystal.cell.gamma", "deg", ANGLE, "angle between a and b"),
    row(Cell(EdgesAB), "crystal.cell.a_b", "Å", POSITIVE, "edges a = b together (tetragonal, hexagonal)"),
    row(Cell(Edges), "crystal.cell.a_b_c", "Å", POSITIVE, "edges a = b = c together (cubic, rhombohedral)"),
    row(Cell(Angles), "crystal.cell.alpha_beta_gamma", "deg", ANGLE, "angles alpha = beta = gamma together (rhombohedral)"),
    row(Orientation(X), "crystal.orientation.x", "deg", ALL, TURN),
    row(Orientation(Y), "crystal.orientation.y", "deg", ALL, TURN),
    row(Orientation(Z), "crystal.orientation.z", "deg", ALL, TURN),
    row(RealSpace(0, X), "crystal.real_space_a.x", "Å", ALL, BASIS),
    row(RealSpace(0, Y), "crystal.real_space_a.y", "Å", ALL, BASIS),
    row(RealSpace(0, Z), "crystal.real_space_a.z", "Å", ALL, BASIS),
    row(RealSpace(1, X), "crystal.real_space_b.x", "Å", ALL, BASIS),
    row(RealSpace(1, Y), "crystal.real_space_b.y", "Å", ALL, BASIS),
    row(RealSpace(1, Z), "crystal.real_space_b.z", "Å", ALL, BASIS),
    row(RealSpace(2, X), "crystal.real_space_c.x", "Å", ALL, BASIS),
    row(RealSpace(2, Y), "crystal.real_space_c.y", "Å", ALL, BASIS),
    row(RealSpace(2, Z), "crystal.real_space_c.z", "Å", ALL, BASIS),
    row(CellCount(0), "crystal.n_cells.a", "", FROM_1, COUNT),
    row(CellCount(1), "crystal.n_cells.b", "", FROM_1, COUNT),
    row(CellCount(2), "crystal.n_cells.c", "", FROM_1, COUNT),
    row(Fudge, "crystal.fudge", "", POSITIVE, "scale of the argument of the round and gauss shapes"),
    row(MosaicEta, "crystal.mosaic.eta", "deg", [f64::MIN_POSITIVE, 60.0], "standard deviation of a domain's rotation about each axis; the domains' axes stay"),
    row(MosaicHalfWidth, "crystal.mosaic.half_width", "deg", ANGLE, "largest angle by which a domain is turned; the domains' axes stay"),
    row(CrystalScale, "crystal.scale", "", FROM_0, "scale of all Bragg scattering"),
    row(AmplitudeScale, "crystal.structure_factors.scale", "", POSITIVE, "scale of every amplitude |F|"),
    row(AmplitudeLogScale, "crystal.structure_factors.log_scale", "", ALL, "natural logarithm of that scale"),
    row(BFactor, "crystal.structure_factors.b_factor", "Å²", ALL, "B of the thermal factor of the amplitudes"),
    row(DefaultAmplitude, "crystal.structure_factors.default", "electrons", FROM_0, "amplitude |F| of reflections that the file does not have"),
    row(Intensity([0; 3]), "crystal.structure_factors.f2[]", "electrons²", INTENSITY, "|F|² of the reflection h,k,l, without its symmetry mates"),
    row(Wavelength, "beam.wavelength", "Å", POSITIVE, "wavelength, to which those of all sources are in proportion"),
    row(BeamDirection(X), "beam.direction.x", "deg", ALL, TURN_BEAM),
    row(BeamDirection(Y), "beam.direction.y", "deg", ALL, TURN_BEAM),
    row(BeamDirection(Z), "beam.direction.z", "deg", ALL, TURN_BEAM),
    also("beam.polarization", row(KahnFactor, "beam.kahn_factor", "", [-1.0, 1.0], "Kahn's polarisation factor")),
    row(PolarizationAngle, "beam.polarization_angle", "deg", ALL, "small rotation of the electric field about the beam"),
    row(Fluence, "beam.fluence", "photons/m²", POSITIVE, "photons per area on the sample"),
    row(SourceWeight(0), "beam.source[].weight", "", FROM_0, "relative intensity of a source; the others keep theirs"),
    row(SourceWavelength(0), "beam.source[].wavelength", "Å", POSITIVE, "wavelength of a source"),
    row(SourceRange(Range::Horizontal), "beam.divergence.horizontal_range", "mrad", POSITIVE, "range of directions along the polarisation"),
    row(SourceRange(Range::Vertical), "beam.divergence.vertical_range", "mrad", POSITIVE, "range of directions across the polarisation"),
    row(SourceRange(Range::Dispersion), "beam.dispersion.range", "", [f64::MIN_POSITIVE, 1.9], "width of the spectrum as a fraction of the wavelength"),
    row(Distance, "detector.distance", "mm", ALL, "shift of the whole detector along the beam"),
    row(BeamCenter(Fast), "detector.beam_center.fast", "px", ALL, "where the beam meets the first panel, by a shift of the whole detector"),
    row(BeamCenter(Slow), "detector.beam_center.slow", "px", ALL, "where the beam meets the first panel, by a shift of the whole detector"),
    row(DetectorRotation(X), "detector.rotation.x", "deg", ALL, TURN_DETECTOR),
    row(DetectorRotation(Y), "detector.rotation.y", "deg", ALL, TURN_DETECTOR),
    row(DetectorRotation(Z), "detector.rotation.z", "deg", ALL, TURN_DETECTOR),
    row(TwoTheta, "detector.two_theta", "deg", ALL, "rotation of the whole detector about two_theta_axis through the pivot"),
    row(PanelOrigin(0, X), "detector.panel[].origin.x", "mm", ALL, ORIGIN),
    row(PanelOrigin(0, Y), "detector.panel[].origin.y", "mm", ALL, ORIGIN),
    row(PanelOrigin(0, Z), "detector.panel[].origin.z", "mm", ALL, ORIGIN),
    row(PanelRotation(0, X), "detector.panel[].rotation.x", "deg", ALL, TURN_PANEL),
    row(PanelRotation(0, Y), "detector.panel[].rotation.y", "deg", ALL, TURN_PANEL),
    row(PanelRotation(0, Z), "detector.panel[].rotation.z", "deg", ALL, TURN_PANEL),
    row(SensorThickness, "detector.sensor.thickness", "mm", POSITIVE, "thickness of the sensor"),
    row(AttenuationLength, "detector.sensor.attenuation_length", "mm", POSITIVE, "depth at which 1/e of the photons remain"),
    also("scan.phi_start", row(ScanStart, "scan.start", "deg", ALL, "angle at the start of the exposure")),
    also("scan.oscillation", row(ScanRange, "scan.range", "deg", ALL, "angle by which the crystal turns, in the same number of steps")),
    row(Water, "background.water_volume", "mm³", POSITIVE, "volume of water in the beam"),
    row(BackgroundOffset, "background.offset", "photons/px", ALL, "background in the middle of each panel"),
    row(BackgroundSlope(Fast), "background.slope_fast", "photons/px²", ALL, "how the background rises along rows"),
    row(BackgroundSlope(Slow), "background.slope_slow", "photons/px²", ALL, "how the background rises along columns"),
];

/// A function that finds the number of an experiment that a parameter is, where it is one of its numbers and nothing else follows from
/// it; to read or, with `mut`, to change.
macro_rules! places {
    ($name:ident $(, $mutable:tt)?) => {
        pub(super) fn $name<R>(self, experiment: &$($mutable)? Experiment<R>) -> Option<&$($mutable)? R> {
            let Experiment { crystal, structure_factors, beam, detector, .. } = experiment;
            let (n_sources, n_panels) = (beam.sources.len(), detector.panels.len());
            Some(match (self, &$($mutable)? crystal.mosaic.spread, &$($mutable)? beam.polarization) {
                (CellCount(edge), ..) => &$($mutable)? crystal.n_cells[edge],
                (Fudge, ..) => &$($mutable)? crystal.fudge,
                (MosaicEta, MosaicSpread::Gaussian { eta }, _) => eta,
                (MosaicHalfWidth, MosaicSpread::Cap { half_width }, _) => half_width,
                (CrystalScale, ..) => &$($mutable)? crystal.scale,
                (AmplitudeScale, ..) => &$($mutable)? structure_factors.scale,
                (BFactor, ..) => &$($mutable)? structure_factors.b_factor,
                (DefaultAmplitude, ..) => &$($mutable)? structure_factors.default_f,
                (KahnFactor, _, Some(polarization)) => &$($mutable)? polarization.kahn_factor,
                (Fluence, ..) => &$($mutable)? beam.fluence,
                (SourceWeight(i), ..) if i < n_sources => &$($mutable)? beam.sources[i].weight,
                (SourceWavelength(i), ..) if i < n_sources => &$($mutable)? beam.sources[i].wavelength,
                (PanelOrigin(i, axis), ..) if i < n_panels => &$($mutable)? detector.panels[i].origin.0[axis as usize],
                (Water, ..) => &$($mutable)? experiment.water_volume,
                (BackgroundOffset, ..) => &$($mutable)? experiment.background_plane[0],
                (BackgroundSlope(Fast), ..) => &$($mutable)? experiment.background_plane[1],
                (BackgroundSlope(Slow), ..) => &$($mutable)? experiment.background_plane[2],
                _ => return None,
            })
        }
    };
}

impl Parameter {
    places!(place);
    places!(place_mut, mut);
}

const SEED: &str = "is a seed: another one is another image, there is nothing between";
const CHOICE: &str = "is a choice between things that have nothing between them";
const STEPS: &str = "is a whole number: it counts what the sum has, and there is nothing between";

/// Keys of experiments that have no derivative, and why; `*` stands for the rest of a name.
#[rustfmt::skip] // a table
const OTHERS: &[(&str, &str)] = &[
    ("crystal.mosaic.seed", SEED),
    ("crystal.mosaic.distribution", CHOICE),
    ("crystal.mosaic.frame", CHOICE),
    ("crystal.mosaic.generator", CHOICE),
    ("crystal.mosaic_spread", "is called crystal.mosaic.half_width now; crystal.mosaic.eta is the standard deviation of a Gaussian"),
    ("crystal.orientation_seed", SEED),
    ("noise.*", "belongs to the recording, after the expected photons that have derivatives"),
    ("crystal.mosaic.domains", STEPS),
    ("scan.steps", STEPS),
    ("scan.frame", SEED),
    ("scan.step", "follows from scan.range; take that"),
    ("sampling.oversample", STEPS),
    ("sampling.*", "is how the sum is taken, not what is measured"),
    ("detector.sensor.layers", STEPS),
    ("detector.sensor.sampling_depth", CHOICE),
    ("detector.sensor.layer_thickness", "follows from detector.sensor.thickness; take that"),
    ("detector.pixels", STEPS),
    ("beam.divergence.horizontal_steps", STEPS),
    ("beam.divergence.vertical_steps", STEPS),
    ("beam.dispersion.steps", STEPS),
    ("beam.energy", "is the wavelength in other words; take beam.wavelength"),
    ("beam.polarization_fraction", "is (1 + beam.kahn_factor)/2; take that factor"),
    ("beam.polarization_vector", "is a direction; take beam.polarization_angle, a rotation about the beam"),
    ("beam.polarization_normal", "is a direction; take beam.polarization_angle, a rotation about the beam"),
    ("beam.direction", "is a direction; take beam.direction.x and beam.direction.y, rotations about laboratory axes"),
    ("crystal.misset", "has angles that follow one another; take crystal.orientation.x, .y and .z, rotations on top of the orientation"),
    ("crystal.u_matrix", "has nine numbers of which three are free; take crystal.orientation.x, .y and .z"),
    ("crystal.n_cells", "is three numbers; take crystal.n_cells.a, .b and .c"),
    ("crystal.domain_size", "is crystal.n_cells times the edges, rounded; take crystal.n_cells.a, .b and .c"),
    ("crystal.extent", "is a number of blocks, counted once, that scales the image; take crystal.scale"),
    ("crystal.n_blocks", "scales all Bragg scattering as crystal.scale does; take that"),
    ("background.water", "is a layer of background.water_volume; take that"),
    ("crystal.shape", CHOICE),
    ("crystal.structure_factors.interpolation", CHOICE),
    ("detector.curvature", CHOICE),
    ("detector.tilt", "has angles that follow one another; take detector.rotation.x, .y and .z, rotations on top of the present tilt"),
    ("detector.pixel_size", "is held; detector.distance does to a flat detector what pixels of another size do"),
];

/// Why a name is none of a parameter.
pub(super) fn not_a_parameter(name: &str) -> String {
    let is = |pattern: &str| pattern.strip_suffix('*').map_or(name == pattern, |start| name.starts_with(start));
    if let Some((_, why)) = OTHERS.iter().find(|(pattern, _)| is(pattern)) {
        return (*why).to_owned();
    }
    let names = TABLE.iter().map(|row| row.name);
    let nearest = names.map(|known| (strsim::jaro_winkler(name, known), known)).max_by(|a, b| a.0.total_cmp(&b.0));
    match nearest {
        Some((nearness, known)) if nearness > 0.8 => {
            format!("there is no such parameter; the nearest is {known}, and `parameters` names all")
        }
        _ => "there is no such parameter; `parameters` names all".to_owned(),
    }
}
