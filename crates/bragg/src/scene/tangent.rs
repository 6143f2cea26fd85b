//! Small changes of a scene's tables, and how an image depends on each number in them.

use super::{Domain, HklGrid, Orientation, PanelTable, PolarizationTable, Scene, SensorTable, Source, Sphere};
use crate::math::{Mat3, Vec3};
use crate::real::Dual;
use crate::reflections::AmplitudeGrid;
use std::sync::Arc;

/// Of a [`Source`].
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct SourceTangent {
    /// Of the direction of propagation.
    pub incident: Vec3,
    /// Of the wavelength (Å).
    pub wavelength: f64,
    /// Of the weight.
    pub weight: f64,
}

/// Of a [`PanelTable`].
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct PanelTangent {
    /// Of the corner of the first pixel (m).
    pub origin: Vec3,
    /// Of the fast axis.
    pub fast_axis: Vec3,
    /// Of the slow axis.
    pub slow_axis: Vec3,
    /// Of the normal.
    pub normal: Vec3,
    /// Of the distance of the plane (m).
    pub close_distance: f64,
}

/// One number for each that a [`Scene`] has and an image depends on smoothly: either how the scene changes with a parameter (a
/// tangent), or how a sum over pixels changes with the scene (a cotangent). [`Self::dot`] of one of each is the derivative of the sum
/// with respect to the parameter. Empty lists stand for zeros.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SceneTangent {
    /// Of the sources.
    pub sources: Vec<SourceTangent>,
    /// Of the orientations' rows (Å).
    pub orientations: Vec<Orientation>,
    /// Of the panels.
    pub panels: Vec<PanelTangent>,
    /// Of Na, Nb, Nc.
    pub n_cells: [f64; 3],
    /// Of the amplitude at the centre of a spot.
    pub peak: f64,
    /// Of the scale of the argument of round and Gaussian shapes.
    pub fudge: f64,
    /// Of the rows that distances are measured with.
    pub metric: Mat3,
    /// Of what lengths by them are multiplied with.
    pub stretch: f64,
    /// Of Kahn's factor.
    pub kahn_factor: f64,
    /// Of the direction of the electric field.
    pub e_vector: Vec3,
    /// Of the thickness of a layer of the sensor (m).
    pub layer_thickness: f64,
    /// Of the sensor's attenuation coefficient (1/m).
    pub attenuation: f64,
    /// Of the radius of a curved detector (m).
    pub sphere_radius: f64,
    /// Of the direction to its middle.
    pub sphere_beam: Vec3,
    /// Of the scale of Bragg scattering.
    pub scale: f64,
    /// Of the photons per steradian of the uniform background.
    pub background: f64,
    /// Of the background plane (photons).
    pub plane: [f64; 3],
    /// Of |F| at the points of the grid (electrons).
    pub amplitudes: Vec<f64>,
    /// Of |F| elsewhere.
    pub default_f: f64,
}

fn dot(a: &Mat3, b: &Mat3) -> f64 {
    (0..3).map(|row| a.0[row].dot(b.0[row])).sum()
}

fn sum<T>(a: &[T], b: &[T], product: impl Fn(&T, &T) -> f64) -> f64 {
    a.iter().zip(b).map(|(a, b)| product(a, b)).sum()
}

fn grow<T: Copy + Default>(sums: &mut Vec<T>, terms: &[T], add: impl Fn(&mut T, &T)) {
    if sums.len() < terms.len() {
        sums.resize(terms.len(), T::default());
    }
    sums.iter_mut().zip(terms).for_each(|(sum, term)| add(sum, term));
}

fn add_vector(sum: &mut Vec3, term: Vec3) {
    *sum = *sum + term;
}

fn add_matrix(sum: &mut Mat3, term: &Mat3) {
    sum.0.iter_mut().zip(term.0).for_each(|(sum, term)| add_vector(sum, term));
}

impl SceneTangent {
    /// Adds every number of another.
    pub fn add(&mut self, other: &Self) {
        grow(&mut self.sources, &other.sources, |sum, term| {
            add_vector(&mut sum.incident, term.incident);
            sum.wavelength += term.wavelength;
            sum.weight += term.weight;
        });
        grow(&mut self.orientations, &other.orientations, add_matrix);
        grow(&mut self.panels, &other.panels, |sum, term| {
            add_vector(&mut sum.origin, term.origin);
            add_vector(&mut sum.fast_axis, term.fast_axis);
            add_vector(&mut sum.slow_axis, term.slow_axis);
            add_vector(&mut sum.normal, term.normal);
            sum.close_distance += term.close_distance;
        });
        self.n_cells.iter_mut().zip(other.n_cells).for_each(|(sum, term)| *sum += term);
        self.peak += other.peak;
        self.fudge += other.fudge;
        add_matrix(&mut self.metric, &other.metric);
        self.stretch += other.stretch;
        self.kahn_factor += other.kahn_factor;
        add_vector(&mut self.e_vector, other.e_vector);
        self.layer_thickness += other.layer_thickness;
        self.attenuation += other.attenuation;
        self.sphere_radius += other.sphere_radius;
        add_vector(&mut self.sphere_beam, other.sphere_beam);
        self.scale += other.scale;
        self.background += other.background;
        self.plane.iter_mut().zip(other.plane).for_each(|(sum, term)| *sum += term);
        grow(&mut self.amplitudes, &other.amplitudes, |sum, term| *sum += term);
        self.default_f += other.default_f;
    }

    /// Whether the shape of the crystal changes.
    pub(crate) fn changes_shape(&self) -> bool {
        self.n_cells != [0.0; 3] || [self.peak, self.fudge, self.stretch] != [0.0; 3] || self.metric != Mat3::default()
    }

    /// Whether sources, detector or polarisation change.
    pub(crate) fn changes_factors(&self) -> bool {
        self.sources.iter().any(|source| *source != SourceTangent::default())
            || self.panels.iter().any(|panel| *panel != PanelTangent::default())
            || [self.kahn_factor, self.layer_thickness, self.attenuation, self.sphere_radius] != [0.0; 4]
            || self.e_vector != Vec3::default()
            || self.sphere_beam != Vec3::default()
    }

    /// The sum of the products of all numbers.
    #[must_use]
    pub fn dot(&self, other: &Self) -> f64 {
        let source = |a: &SourceTangent, b: &SourceTangent| {
            a.incident.dot(b.incident) + a.wavelength * b.wavelength + a.weight * b.weight
        };
        let panel = |a: &PanelTangent, b: &PanelTangent| {
            a.origin.dot(b.origin)
                + a.fast_axis.dot(b.fast_axis)
                + a.slow_axis.dot(b.slow_axis)
                + a.normal.dot(b.normal)
                + a.close_distance * b.close_distance
        };
        let product = |a: &f64, b: &f64| a * b;
        sum(&self.sources, &other.sources, source)
            + sum(&self.orientations, &other.orientations, dot)
            + sum(&self.panels, &other.panels, panel)
            + sum(&self.n_cells, &other.n_cells, product)
            + self.peak * other.peak
            + self.fudge * other.fudge
            + dot(&self.metric, &other.metric)
            + self.stretch * other.stretch
            + self.kahn_factor * other.kahn_factor
            + self.e_vector.dot(other.e_vector)
            + self.layer_thickness * other.layer_thickness
            + self.attenuation * other.attenuation
            + self.sphere_radius * other.sphere_radius
            + self.sphere_beam.dot(other.sphere_beam)
            + self.scale * other.scale
            + self.background * other.background
            + sum(&self.plane, &other.plane, product)
            + sum(&self.amplitudes, &other.amplitudes, product)
            + self.default_f * other.default_f
    }
}

fn number(value: f64, derivative: f64) -> Dual {
    Dual { value, derivative }
}

fn vector(value: Vec3, derivative: Vec3) -> Vec3<Dual> {
    Vec3(std::array::from_fn(|i| number(value[i], derivative[i])))
}

fn matrix(value: Mat3, derivative: Mat3) -> Mat3<Dual> {
    Mat3(std::array::from_fn(|i| vector(value.0[i], derivative.0[i])))
}

fn at<T: Copy + Default>(list: &[T], i: usize) -> T {
    list.get(i).copied().unwrap_or_default()
}

impl Scene {
    /// The scene in dual numbers whose derivatives are those of the `tangent`.
    #[must_use]
    pub fn dual(&self, tangent: &SceneTangent) -> Scene<Dual> {
        let source = |(i, source): (usize, &Source)| {
            let tangent = at(&tangent.sources, i);
            Source {
                incident: vector(source.incident, tangent.incident),
                wavelength: number(source.wavelength, tangent.wavelength),
                weight: number(source.weight, tangent.weight),
            }
        };
        let orientations = self.orientations.iter().enumerate();
        let n_cells = std::array::from_fn(|i| number(self.domain.n_cells[i], tangent.n_cells[i]));
        Scene {
            sources: self.sources.iter().enumerate().map(source).collect(),
            orientations: orientations.map(|(i, rows)| matrix(*rows, at(&tangent.orientations, i))).collect(),
            panels: self
                .panels
                .iter()
                .enumerate()
                .map(|(i, panel)| dual_panel(panel, at(&tangent.panels, i)))
                .collect(),
            hkl: dual_grid(&self.hkl, tangent),
            domain: Domain {
                profile: self.domain.profile,
                n_cells,
                peak: number(self.domain.peak, tangent.peak),
                fudge: number(self.domain.fudge, tangent.fudge),
                metric: matrix(self.domain.metric, tangent.metric),
                stretch: number(self.domain.stretch, tangent.stretch),
            },
            polarization: self.polarization.map(|table| PolarizationTable {
                kahn_factor: number(table.kahn_factor, tangent.kahn_factor),
                e_vector: vector(table.e_vector, tangent.e_vector),
            }),
            sensor: self.sensor.map(|sensor| SensorTable {
                n_layers: sensor.n_layers,
                layer_thickness: number(sensor.layer_thickness, tangent.layer_thickness),
                attenuation: number(sensor.attenuation, tangent.attenuation),
                sampling_depth: sensor.sampling_depth,
            }),
            sphere: self.sphere.map(|sphere| Sphere {
                radius: number(sphere.radius, tangent.sphere_radius),
                beam: vector(sphere.beam, tangent.sphere_beam),
                nanobragg: sphere.nanobragg,
            }),
            point_pixels: self.point_pixels,
            oversample: self.oversample,
            d_min: self.d_min,
            physics: self.physics,
            running_factors: self.running_factors,
            precision: self.precision,
            culling: self.culling,
            scale: number(self.scale, tangent.scale),
            background: number(self.background, tangent.background),
            plane: std::array::from_fn(|i| number(self.plane[i], tangent.plane[i])),
        }
    }
}

fn dual_panel(panel: &PanelTable, tangent: PanelTangent) -> PanelTable<Dual> {
    PanelTable {
        origin: vector(panel.origin, tangent.origin),
        fast_axis: vector(panel.fast_axis, tangent.fast_axis),
        slow_axis: vector(panel.slow_axis, tangent.slow_axis),
        normal: vector(panel.normal, tangent.normal),
        pixel_size: number(panel.pixel_size, 0.0),
        close_distance: number(panel.close_distance, tangent.close_distance),
        n_fast: panel.n_fast,
        n_slow: panel.n_slow,
        window: panel.window,
        mask: panel.mask.clone(),
    }
}

fn dual_grid(hkl: &HklGrid, tangent: &SceneTangent) -> HklGrid<Dual> {
    let amplitudes = |grid: &Arc<AmplitudeGrid>| {
        let numbers = grid.amplitudes.iter().enumerate();
        let amplitudes = numbers.map(|(i, &f)| number(f, at(&tangent.amplitudes, i))).collect();
        Arc::new(AmplitudeGrid { min: grid.min, max: grid.max, amplitudes })
    };
    HklGrid {
        grid: hkl.grid.as_ref().map(amplitudes),
        default_f: number(hkl.default_f, tangent.default_f),
        interpolation: hkl.interpolation,
    }
}
