//! The kernel's tables: an [`Experiment`] flattened, in kernel units. Lengths of the detector are in metres, of the crystal and the
//! wavelength in Å, angles in radians. This is the only place that leaves field units.

mod hkl_grid;
mod orientations;
mod panels;

pub use hkl_grid::HklGrid;
pub use orientations::Orientation;
pub use panels::{PanelTable, Window};

pub use crate::experiment::{Physics, Precision, RunningFactors, Shape};

use crate::experiment::{Curvature, Experiment};
use crate::math::{Mat3, Vec3};
use crate::physics::scattering::water_background;
use crate::units::{METER_PER_MM, THOMSON_R_E_SQUARED};

/// A source of the beam.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct Source {
    /// Unit vector of propagation.
    pub incident: Vec3,
    /// Wavelength (Å).
    pub wavelength: f64,
    /// Relative intensity; the mean over all sources is 1.
    pub weight: f64,
}

/// The shape of a mosaic domain.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct Domain {
    /// Which lattice factor.
    pub shape: Shape,
    /// Na, Nb, Nc.
    pub n_cells: [f64; 3],
    /// Scale of the argument of the round, Gaussian and top-hat shapes.
    pub fudge: f64,
    /// Rows a*, b*, c* (1/Å), unrotated: only lengths are taken of their combinations.
    pub reciprocal: Mat3,
}

/// Polarisation of the beam.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct PolarizationTable {
    /// Kahn's factor.
    pub kahn_factor: f64,
    /// Direction of the electric field.
    pub e_vector: Vec3,
}

/// The layers of the sensor.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct SensorTable {
    /// Number of layers.
    pub n_layers: usize,
    /// Thickness of a layer (m).
    pub layer_thickness: f64,
    /// Attenuation coefficient (1/m).
    pub attenuation: f64,
}

/// Pixels on a sphere around the sample.
#[derive(Debug, Clone, Copy)]
pub struct Sphere {
    /// Radius (m): the distance along the beam.
    pub radius: f64,
    /// Unit vector of propagation of the beam.
    pub beam: Vec3,
    /// Whether arcs are taken as nanoBragg takes them.
    pub nanobragg: bool,
}

/// Everything a kernel reads.
#[derive(Debug, Clone)]
pub struct Scene {
    /// Sources of the beam.
    pub sources: Vec<Source>,
    /// Orientations of the crystal: each spindle step, and within it each mosaic domain.
    pub orientations: Vec<Orientation>,
    /// Panels of the detector.
    pub panels: Vec<PanelTable>,
    /// |F| over the reciprocal lattice.
    pub hkl: HklGrid,
    /// The shape of the mosaic domains.
    pub domain: Domain,
    /// The polarisation; `None` leaves the factor out.
    pub polarization: Option<PolarizationTable>,
    /// The sensor; `None` counts every photon at the surface.
    pub sensor: Option<SensorTable>,
    /// The sphere of a curved detector.
    pub sphere: Option<Sphere>,
    /// Whether pixels are points.
    pub point_pixels: bool,
    /// Sub-pixels along each axis.
    pub oversample: usize,
    /// Finest spacing (Å) that scatters; 0 for all.
    pub d_min: f64,
    /// Which physics combines the samples.
    pub physics: Physics,
    /// nanoBragg's factors on the running sum.
    pub running_factors: RunningFactors,
    /// The arithmetic of the inner sum.
    pub precision: Precision,
    /// Largest fraction of a pixel's value that may be left out by skipping orientations and sources; 0 skips nothing.
    pub culling: f64,
    /// r_e²·fluence (1/sr).
    pub scale: f64,
    /// Photons per steradian of the uniform background, r_e²·fluence included.
    pub background: f64,
}

impl Scene {
    /// The tables of an experiment.
    pub fn new(experiment: &Experiment) -> Self {
        let Experiment { crystal, beam, detector, sampling, .. } = experiment;
        Self {
            sources: beam
                .sources
                .iter()
                .map(|source| Source {
                    incident: -source.direction,
                    wavelength: source.wavelength,
                    weight: source.weight,
                })
                .collect(),
            orientations: orientations::orientations(crystal, &experiment.scan),
            panels: detector.panels.iter().map(PanelTable::new).collect(),
            hkl: HklGrid::new(&experiment.structure_factors),
            domain: Domain {
                shape: crystal.shape,
                n_cells: crystal.n_cells.map(f64::from),
                fudge: crystal.fudge,
                reciprocal: crystal.reciprocal(),
            },
            polarization: beam
                .polarization
                .map(|p| PolarizationTable { kahn_factor: p.kahn_factor, e_vector: p.e_vector }),
            sensor: detector.sensor.map(|sensor| SensorTable {
                n_layers: sensor.n_layers,
                layer_thickness: sensor.layer_thickness * METER_PER_MM,
                attenuation: sensor.attenuation / METER_PER_MM,
            }),
            sphere: (detector.curvature != Curvature::Flat).then(|| Sphere {
                radius: detector.distance * METER_PER_MM,
                beam: beam.propagation(),
                nanobragg: detector.curvature == Curvature::NanoBraggSphere,
            }),
            point_pixels: detector.point_pixels,
            oversample: sampling.oversample,
            d_min: sampling.d_min,
            physics: sampling.physics,
            running_factors: sampling.running_factors,
            precision: sampling.precision,
            culling: sampling.culling,
            scale: THOMSON_R_E_SQUARED * beam.fluence,
            background: water_background(experiment.water_thickness * METER_PER_MM, beam.fluence),
        }
    }

    /// Number of sensor layers that are sampled: 1 without a sensor.
    pub fn n_layers(&self) -> usize {
        self.sensor.map_or(1, |sensor| sensor.n_layers)
    }

    /// Number of terms in a pixel's sum, layers not counted.
    pub fn n_steps(&self) -> usize {
        self.sources.len() * self.orientations.len() * self.oversample * self.oversample
    }
}
