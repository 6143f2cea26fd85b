//! The kernel's tables: an [`Experiment`] flattened, in kernel units. Lengths of the detector are in metres, of the crystal and the
//! wavelength in Å, angles in radians. This is the only place that leaves field units.

mod domain;
mod hkl_grid;
mod orientations;
mod panels;
mod tangent;

pub use domain::{Domain, Profile};
pub use hkl_grid::HklGrid;
pub use orientations::Orientation;
pub use panels::{PanelTable, Window};
pub use tangent::SceneTangent;

pub use crate::experiment::{BackendChoice, Physics, Precision, RunningFactors, SamplingDepth};

use crate::error::{Error, Result, reserved};
use crate::experiment::{Curvature, Experiment};
use crate::math::Vec3;
use crate::monitor::{Monitor, Unwatched};
use crate::numbers::numbers;
use crate::physics::scattering::water_background;
use crate::real::Real;
use crate::units::{METER_PER_MM, THOMSON_R_E_SQUARED};

/// A source of the beam.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Source<R = f64> {
    /// Unit vector of propagation.
    pub incident: Vec3<R>,
    /// Wavelength (Å).
    pub wavelength: R,
    /// Relative intensity; the mean over all sources is 1.
    pub weight: R,
}
numbers!(Source { incident: part, wavelength: number, weight: number });

/// Polarisation of the beam.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PolarizationTable<R = f64> {
    /// Kahn's factor.
    pub kahn_factor: R,
    /// Direction of the electric field.
    pub e_vector: Vec3<R>,
}
numbers!(PolarizationTable { kahn_factor: number, e_vector: part });

/// The layers of the sensor.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SensorTable<R = f64> {
    /// Number of layers.
    pub n_layers: usize,
    /// Thickness of a layer (m).
    pub layer_thickness: R,
    /// Attenuation coefficient (1/m).
    pub attenuation: R,
    /// Where each layer is sampled.
    pub sampling_depth: SamplingDepth,
}
numbers!(SensorTable { n_layers: other, layer_thickness: number, attenuation: number, sampling_depth: other });

/// Pixels on a sphere around the sample.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sphere<R = f64> {
    /// Radius (m): the distance along the beam.
    pub radius: R,
    /// Unit vector of propagation of the beam.
    pub beam: Vec3<R>,
    /// Whether arcs are taken as nanoBragg takes them.
    pub nanobragg: bool,
}
numbers!(Sphere { radius: number, beam: part, nanobragg: other });

/// Everything a kernel reads.
///
/// [`Scene::watched`] makes scenes that are sound. Who fills or changes one by hand keeps this, which kernels rely on: there is
/// a source, an orientation, a sub-pixel and a layer at least; the window of a panel lies within it, and a mask has a flag for
/// each of its pixels; the grid of amplitudes is as long as its indices ask for. [`Scene::check`] says whether it is so, and a
/// [`crate::kernel::Backend`] refuses scenes that are not. Numbers may be anything: what they make of pixels is looked at in the image.
#[derive(Debug, Clone, PartialEq)]
pub struct Scene<R = f64> {
    /// Sources of the beam.
    pub sources: Vec<Source<R>>,
    /// Orientations of the crystal: each spindle step, and within it each mosaic domain.
    pub orientations: Vec<Orientation<R>>,
    /// Panels of the detector.
    pub panels: Vec<PanelTable<R>>,
    /// |F| over the reciprocal lattice.
    pub hkl: HklGrid<R>,
    /// The shape of the mosaic domains.
    pub domain: Domain<R>,
    /// The polarisation; `None` leaves the factor out.
    pub polarization: Option<PolarizationTable<R>>,
    /// The sensor; `None` counts every photon at the surface.
    pub sensor: Option<SensorTable<R>>,
    /// The sphere of a curved detector.
    pub sphere: Option<Sphere<R>>,
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
    /// Which kernel sums.
    pub backend: BackendChoice,
    /// r_e²·fluence·crystal.scale·crystal.n_blocks (1/sr).
    pub scale: R,
    /// Photons per steradian of the uniform background, r_e²·fluence included.
    pub background: R,
    /// Photons in every pixel besides: those in the middle of a panel, and how many more there are from pixel to pixel along fast and slow.
    pub plane: [R; 3],
}
numbers!(Scene {
    sources: part,
    orientations: part,
    panels: part,
    hkl: part,
    domain: part,
    polarization: part,
    sensor: part,
    sphere: part,
    point_pixels: other,
    oversample: other,
    d_min: other,
    physics: other,
    running_factors: other,
    precision: other,
    culling: other,
    backend: other,
    scale: number,
    background: number,
    plane: part,
});

impl<R: Real> Scene<R> {
    /// The tables of an experiment that is known to be sound and small.
    ///
    /// # Panics
    /// The experiment does not pass [`Experiment::check`], or the tables do not fit into memory.
    pub fn new(experiment: &Experiment<R>) -> Self {
        Self::watched(experiment, &Unwatched).unwrap_or_else(|error| panic!("{error}"))
    }

    /// The tables of an experiment.
    ///
    /// # Errors
    /// The experiment does not pass [`Experiment::check`], the tables do not fit into memory, or the monitor stops it.
    pub fn watched(experiment: &Experiment<R>, monitor: &dyn Monitor) -> Result<Self> {
        experiment.check()?;
        let per_mm = R::constant(METER_PER_MM);
        let Experiment { crystal, beam, detector, sampling, .. } = experiment;
        let mut sources = reserved(beam.sources.len(), "sources", "beam.divergence")?;
        sources.extend(beam.sources.iter().map(|source| Source {
            incident: -source.direction,
            wavelength: source.wavelength,
            weight: source.weight,
        }));
        Ok(Self {
            sources,
            orientations: orientations::orientations(crystal, &experiment.scan, monitor)?,
            panels: detector.panels.iter().map(PanelTable::new).collect(),
            hkl: HklGrid::new(&experiment.structure_factors, &crystal.reciprocal()),
            domain: Domain::new(crystal, sampling.physics),
            polarization: beam
                .polarization
                .map(|p| PolarizationTable { kahn_factor: p.kahn_factor, e_vector: p.e_vector }),
            sensor: detector.sensor.map(|sensor| SensorTable {
                n_layers: sensor.n_layers,
                layer_thickness: sensor.layer_thickness * per_mm,
                attenuation: sensor.attenuation / per_mm,
                sampling_depth: sensor.sampling_depth,
            }),
            sphere: (detector.curvature != Curvature::Flat).then(|| Sphere {
                radius: detector.distance * per_mm,
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
            backend: sampling.backend,
            scale: R::constant(THOMSON_R_E_SQUARED) * beam.fluence * crystal.scale * R::constant(crystal.n_blocks),
            plane: experiment.background_plane,
            background: water_background(experiment.water_volume * per_mm * per_mm * per_mm, beam.fluence),
        })
    }

    /// Refuses tables that do not fit each other, or that leave nothing to sum.
    ///
    /// # Errors
    /// There is no source, orientation, sub-pixel or layer, or more than can be counted; a window or a mask is not that of its panel,
    /// or a grid of amplitudes is not as long as its indices ask for.
    pub fn check(&self) -> Result<()> {
        const MOST: usize = 1 << 31;
        const MOST_SAMPLES: usize = 10_000;
        let counts = [
            ("beam.source", self.sources.len(), MOST),
            ("crystal.mosaic.domains", self.orientations.len(), MOST),
            ("sampling.oversample", self.oversample, MOST_SAMPLES),
            ("detector.sensor.layers", self.n_layers(), MOST_SAMPLES),
        ];
        if let Some((key, n, most)) = counts.into_iter().find(|(_, n, most)| !(1..=*most).contains(n)) {
            return Err(Error::setting(key, format!("makes {n} in the scene; it must be from 1 to {most}")));
        }
        self.panels.iter().try_for_each(PanelTable::check)?;
        self.hkl.grid.as_ref().map_or(Ok(()), |grid| grid.check())
    }

    /// Number of sensor layers that are sampled: 1 without a sensor.
    pub fn n_layers(&self) -> usize {
        self.sensor.as_ref().map_or(1, |sensor| sensor.n_layers)
    }

    /// Number of terms in a pixel's sum, layers not counted; the largest number that there is where they are more.
    pub fn n_steps(&self) -> usize {
        let factors = [self.orientations.len(), self.oversample, self.oversample];
        factors.into_iter().fold(self.sources.len(), usize::saturating_mul)
    }
}
