//! The parameters that an image has derivatives with respect to, and their names.

use super::names::{Row, TABLE, not_a_parameter};
use crate::error::{Error, Result};
use crate::experiment::UnitCell;
use crate::miller::Miller;
use std::fmt;

/// An axis of the laboratory frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Axis {
    /// x
    X,
    /// y
    Y,
    /// z
    Z,
}

/// A direction on a panel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PanelAxis {
    /// Along rows.
    Fast,
    /// Along columns.
    Slow,
}

/// Numbers of the unit cell; those of a group are equal and stay so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CellNumbers {
    /// a
    A,
    /// b
    B,
    /// c
    C,
    /// α
    Alpha,
    /// β
    Beta,
    /// γ
    Gamma,
    /// a = b (tetragonal, hexagonal)
    EdgesAB,
    /// a = b = c (cubic, rhombohedral)
    Edges,
    /// α = β = γ (rhombohedral)
    Angles,
}

impl CellNumbers {
    /// Their places among a, b, c, α, β, γ.
    pub fn places(self) -> &'static [usize] {
        match self {
            Self::A => &[0],
            Self::B => &[1],
            Self::C => &[2],
            Self::Alpha => &[3],
            Self::Beta => &[4],
            Self::Gamma => &[5],
            Self::EdgesAB => &[0, 1],
            Self::Edges => &[0, 1, 2],
            Self::Angles => &[3, 4, 5],
        }
    }
}

/// A range of directions or wavelengths that the sources fill.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Range {
    /// Directions along the electric field.
    Horizontal,
    /// Directions across the electric field.
    Vertical,
    /// Wavelengths.
    Dispersion,
}

/// A continuous parameter of an experiment. [`TABLE`] has the name, unit and meaning of each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Parameter {
    /// Edges and angles of the cell; the crystal's frame (a along x, b in the xy plane) stays.
    Cell(CellNumbers),
    /// A component of the edge a, b or c (0 to 2) in the laboratory frame.
    RealSpace(usize, Axis),
    /// A rotation of the crystal on top of its orientation.
    Orientation(Axis),
    /// Na, Nb or Nc (0 to 2).
    CellCount(usize),
    /// The scale of the argument of round and Gaussian shapes.
    Fudge,
    /// The mosaicity η of a Gaussian: the rotation of each domain in proportion, about its own axis, which stays.
    MosaicEta,
    /// The half-width of a cap: the rotation of each domain in proportion, about its own axis, which stays.
    MosaicHalfWidth,
    /// The scale of Bragg scattering.
    CrystalScale,
    /// The scale of every amplitude.
    AmplitudeScale,
    /// The natural logarithm of the scale of every amplitude.
    AmplitudeLogScale,
    /// The B factor.
    BFactor,
    /// |F| of reflections that the file does not have.
    DefaultAmplitude,
    /// |F|² of one reflection, without its symmetry mates.
    Intensity(Miller),
    /// The wavelength, to which those of all sources are in proportion.
    Wavelength,
    /// A rotation of the beam: of all its sources and the electric field.
    BeamDirection(Axis),
    /// Kahn's factor.
    KahnFactor,
    /// A rotation of the electric field about the beam.
    PolarizationAngle,
    /// The fluence.
    Fluence,
    /// The weight of a source as it stands; the others keep theirs.
    SourceWeight(usize),
    /// The wavelength of a source.
    SourceWavelength(usize),
    /// The range of directions or wavelengths, with the same number of sources.
    SourceRange(Range),
    /// A shift of the detector along the beam.
    Distance,
    /// Where the beam meets the first panel: a shift of the detector across the beam.
    BeamCenter(PanelAxis),
    /// The origin of a panel.
    PanelOrigin(usize, Axis),
    /// A rotation of a panel about its middle.
    PanelRotation(usize, Axis),
    /// A rotation of the detector about the beam spot on its first panel.
    DetectorRotation(Axis),
    /// A rotation of the detector about the axis of its arm.
    TwoTheta,
    /// The thickness of the sensor.
    SensorThickness,
    /// The depth at which 1/e of the photons remain.
    AttenuationLength,
    /// The angle at the start of the exposure.
    ScanStart,
    /// The angle by which the crystal turns.
    ScanRange,
    /// The volume of water.
    Water,
    /// The background in the middle of each panel.
    BackgroundOffset,
    /// How the background rises along a panel.
    BackgroundSlope(PanelAxis),
}

impl Parameter {
    /// The parameter of a name such as `crystal.cell.a`, `detector.panel[2].origin.x` or `crystal.structure_factors.f2[1,0,-3]`.
    ///
    /// # Errors
    /// There is no such parameter; the message says why, or names the nearest.
    pub fn parse(name: &str) -> Result<Self> {
        let name = name.trim();
        let refused = || Error::setting(name, not_a_parameter(name));
        let (pattern, index) = match name.split_once('[') {
            Some((list, rest)) => {
                let (index, rest) = rest.split_once(']').ok_or_else(refused)?;
                (format!("{list}[]{rest}"), Some(index))
            }
            None => (name.to_owned(), None),
        };
        let row = TABLE.iter().find(|row| row.names().any(|known| known == pattern)).ok_or_else(refused)?;
        let Some(index) = index else { return Ok(row.parameter) };
        row.parameter.at(index).ok_or_else(|| {
            let what = match row.parameter {
                Self::Intensity(_) => "three whole numbers h,k,l",
                _ => "a whole number from 0",
            };
            Error::setting(name, format!("has {index:?} in brackets; it must be {what}"))
        })
    }

    /// Its name: the one that [`Self::parse`] reads.
    pub fn name(&self) -> String {
        let name = self.row().name;
        match *self {
            Self::Intensity([h, k, l]) => name.replace("[]", &format!("[{h},{k},{l}]")),
            Self::SourceWeight(i) | Self::SourceWavelength(i) | Self::PanelOrigin(i, _) | Self::PanelRotation(i, _) => {
                name.replace("[]", &format!("[{i}]"))
            }
            _ => name.to_owned(),
        }
    }

    /// Its unit as it is written behind a number; empty for a plain number.
    pub fn unit(&self) -> &'static str {
        self.row().unit
    }

    /// What it is, in a few words.
    pub fn meaning(&self) -> &'static str {
        self.row().meaning
    }

    /// The lowest and the highest value that it may have.
    pub fn bounds(&self) -> [f64; 2] {
        self.row().bounds
    }

    /// The parameter of a list at a place given as text; `None` for other text and for parameters that are no list.
    fn at(self, index: &str) -> Option<Self> {
        let place = || index.trim().parse().ok();
        Some(match self {
            Self::Intensity(_) => {
                let numbers: Option<Vec<i32>> = index.split(',').map(|number| number.trim().parse().ok()).collect();
                Self::Intensity(numbers?.try_into().ok()?)
            }
            Self::SourceWeight(_) => Self::SourceWeight(place()?),
            Self::SourceWavelength(_) => Self::SourceWavelength(place()?),
            Self::PanelOrigin(_, axis) => Self::PanelOrigin(place()?, axis),
            Self::PanelRotation(_, axis) => Self::PanelRotation(place()?, axis),
            _ => return None,
        })
    }

    /// The first of its list.
    fn first(self) -> Self {
        match self {
            Self::Intensity(_) => Self::Intensity([0; 3]),
            Self::SourceWeight(_) => Self::SourceWeight(0),
            Self::SourceWavelength(_) => Self::SourceWavelength(0),
            Self::PanelOrigin(_, axis) => Self::PanelOrigin(0, axis),
            Self::PanelRotation(_, axis) => Self::PanelRotation(0, axis),
            other => other,
        }
    }

    fn row(&self) -> &'static Row {
        let first = self.first();
        // a test looks for every parameter in the table
        TABLE.iter().find(|row| row.parameter == first).unwrap_or(&TABLE[0])
    }
}

impl fmt::Display for Parameter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name())
    }
}

/// The crystal systems, by the numbers of the cell that are free.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CrystalSystem {
    /// a = b = c, right angles.
    Cubic,
    /// a = b, γ = 120°, α = β = 90°.
    Hexagonal,
    /// a = b = c, α = β = γ.
    Rhombohedral,
    /// a = b, right angles.
    Tetragonal,
    /// Right angles.
    Orthorhombic,
    /// Two right angles; the third is at this place among a, b, c, α, β, γ: 4, β, in the usual setting.
    Monoclinic(usize),
    /// No two numbers have to do with each other.
    Triclinic,
}

impl CrystalSystem {
    /// Edges (relative) and angles (deg) that differ less are equal.
    const SAME: f64 = 1e-6;

    /// The system of the highest symmetry that a cell allows.
    pub fn of(cell: &UnitCell) -> Self {
        let [a, b, c] = cell.edges;
        let same = |x: f64, y: f64| (x - y).abs() <= Self::SAME * y;
        let is = |i: usize, degrees: f64| (cell.angles[i] - degrees).abs() <= Self::SAME;
        let right = [is(0, 90.0), is(1, 90.0), is(2, 90.0)];
        let all_alike = is(0, cell.angles[1]) && is(1, cell.angles[2]);
        match right {
            [true, true, true] if same(a, b) && same(b, c) => Self::Cubic,
            [true, true, true] if same(a, b) => Self::Tetragonal,
            [true, true, true] => Self::Orthorhombic,
            [true, true, false] if same(a, b) && is(2, 120.0) => Self::Hexagonal,
            [false, true, true] => Self::Monoclinic(3),
            [true, false, true] => Self::Monoclinic(4),
            [true, true, false] => Self::Monoclinic(5),
            _ if same(a, b) && same(b, c) && all_alike => Self::Rhombohedral,
            _ => Self::Triclinic,
        }
    }

    /// The system of a name; that of a monoclinic cell in its usual setting.
    pub fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "cubic" => Self::Cubic,
            "hexagonal" => Self::Hexagonal,
            "rhombohedral" => Self::Rhombohedral,
            "tetragonal" => Self::Tetragonal,
            "orthorhombic" => Self::Orthorhombic,
            "monoclinic" => Self::Monoclinic(4),
            "triclinic" => Self::Triclinic,
            _ => return None,
        })
    }

    /// The numbers of the cell that it leaves free.
    pub fn free(self) -> Vec<Parameter> {
        use CellNumbers::{A, Alpha, Angles, B, Beta, C, Edges, EdgesAB, Gamma};
        let numbers: &[CellNumbers] = match self {
            Self::Cubic => &[Edges],
            Self::Hexagonal | Self::Tetragonal => &[EdgesAB, C],
            Self::Rhombohedral => &[Edges, Angles],
            Self::Orthorhombic => &[A, B, C],
            Self::Monoclinic(3) => &[A, B, C, Alpha],
            Self::Monoclinic(5) => &[A, B, C, Gamma],
            Self::Monoclinic(_) => &[A, B, C, Beta],
            Self::Triclinic => &[A, B, C, Alpha, Beta, Gamma],
        };
        numbers.iter().copied().map(Parameter::Cell).collect()
    }
}
