//! Values by the names that nobody used: an orientation drawn by chance has a matrix, too, and a crystal that is given by a matrix a cell.

use super::keys::{self, MATRICES};
use super::{Entry, Origin, Resolved, Value};
use bragg::experiment::UnitCell;
use bragg::experiment::beam::Ticks;
use bragg::math::{Mat3, Vec3};
use bragg::units::EV_ANGSTROM;

/// A value, and the names that it follows from, of which one is given.
type Inferred = (Value, &'static [&'static str]);

const ANGSTROM_PER_MM: f64 = 1e7;
/// What says how the crystal lies.
const ORIENTATION: &[&str] = &[
    "crystal.a_matrix",
    "crystal.real_space_a",
    "crystal.mosflm_matrix",
    "crystal.u_matrix",
    "crystal.orientation",
    "crystal.misset",
];

impl Resolved {
    /// The value of a name that is not in the completed description, since the experiment says the same by other names: `crystal.a_matrix`
    /// of a crystal that lies as chance would have it, `detector.panel[0].origin` of a detector at a distance. In the key's unit; `None`
    /// where the experiment has no such value, or none that stands alone.
    pub fn inferred(&self, name: &str) -> Option<Entry> {
        keys::find(name)?;
        let of_noise = || {
            let seed: &[_] = &["noise.seed"];
            (name == "noise.poisson").then(|| (self.experiment.response.poisson_seed.is_some().into(), seed))
        };
        let of_water = || {
            let size = self.description.get("beam.size")?.value.number()?;
            let thickness = self.experiment.water_volume / (size * size);
            let volume: &[_] = &["background.water_volume"];
            (name == "background.water").then(|| (thickness.into(), volume))
        };
        let found = self.of_crystal(name).or_else(|| self.of_beam(name)).or_else(|| self.of_detector(name));
        let (value, from) = found.or_else(of_noise).or_else(of_water)?;
        let given = from.iter().find_map(|key| Some((key, self.description.get(key)?)));
        let why =
            given.map_or_else(|| "from the rest".to_owned(), |(key, entry)| format!("from {key} ({})", entry.origin));
        Some(Entry { value, origin: Origin::Automatic(why) })
    }

    fn of_crystal(&self, name: &str) -> Option<Inferred> {
        let crystal = &self.experiment.crystal;
        let axes = crystal.real_space;
        let cell = UnitCell::from_basis(&axes);
        let last = name.strip_prefix("crystal.")?;
        Some(match last {
            "real_space_a" => (axes.0[0].0.into(), ORIENTATION),
            "real_space_b" => (axes.0[1].0.into(), ORIENTATION),
            "real_space_c" => (axes.0[2].0.into(), ORIENTATION),
            "a_matrix" => (matrix(&axes.reciprocal_rows().transposed()), ORIENTATION),
            "u_matrix" => (matrix(&rotation(&axes, cell)?), ORIENTATION),
            "misset" => (rotation(&axes, cell)?.xyz_angles().map(f64::to_degrees).into(), ORIENTATION),
            "domain_size" => {
                let edges = [0, 1, 2].map(|axis| crystal.n_cells[axis] * cell.edges[axis] / ANGSTROM_PER_MM);
                (edges.into(), &["crystal.n_cells"])
            }
            _ => {
                let names = ["cell.a", "cell.b", "cell.c", "cell.alpha", "cell.beta", "cell.gamma"];
                let i = names.iter().position(|known| *known == last)?;
                (cell.parameters()[i].into(), MATRICES)
            }
        })
    }

    fn of_beam(&self, name: &str) -> Option<Inferred> {
        let beam = &self.experiment.beam;
        let spread = |ticks: Ticks, last: &str| match last {
            "range" => Some((ticks.range.into(), &[] as &[_])),
            "step" => Some((ticks.step.into(), &[] as &[_])),
            "steps" => Some((i64::try_from(ticks.n_steps).ok()?.into(), &[] as &[_])),
            _ => None,
        };
        let (_, last) = name.strip_prefix("beam.").map(|last| last.rsplit_once(['.', '_']).unwrap_or(("", last)))?;
        Some(match name {
            "beam.energy" => ((EV_ANGSTROM / beam.wavelength).into(), &["beam.wavelength"]),
            "beam.kahn_factor" => (beam.polarization?.kahn_factor.into(), &["beam.polarization_fraction"]),
            "beam.polarization_fraction" => {
                ((0.5 + 0.5 * beam.polarization?.kahn_factor).into(), &["beam.kahn_factor"])
            }
            "beam.polarization_vector" => (beam.polarization?.e_vector.0.into(), &["beam.polarization_normal"]),
            "beam.polarization_normal" => {
                let normal = beam.direction.cross(beam.polarization?.e_vector).unit();
                (normal.is_finite().then_some(normal.0)?.into(), &["beam.polarization_vector"])
            }
            _ if name.starts_with("beam.divergence.horizontal") => spread(beam.spread?.horizontal, last)?,
            _ if name.starts_with("beam.divergence.vertical") => spread(beam.spread?.vertical, last)?,
            _ if name.starts_with("beam.dispersion") => spread(beam.spread?.dispersion, last)?,
            _ => return None,
        })
    }

    fn of_detector(&self, name: &str) -> Option<Inferred> {
        let panels = &self.experiment.detector.panels;
        if let Some((i, row)) = keys::split_index(name) {
            let panel = panels.get(i)?;
            let value = match row.strip_prefix("detector.panel[].")? {
                "name" => panel.name.as_str().into(),
                "origin" => panel.origin.0.into(),
                "fast_axis" => panel.fast_axis.0.into(),
                "slow_axis" => panel.slow_axis.0.into(),
                "normal" => panel.normal.0.into(),
                "pixels" => pixels(panel.n_fast, panel.n_slow)?,
                "pixel_size" => panel.pixel_size.into(),
                _ => return None,
            };
            return Some((value, &["detector.distance"]));
        }
        let first = panels.first()?;
        let of_panels: &[_] = &["detector.panel[0].origin"];
        match name {
            "detector.pixels" => {
                let alike = panels.iter().all(|panel| (panel.n_fast, panel.n_slow) == (first.n_fast, first.n_slow));
                alike.then(|| Some((pixels(first.n_fast, first.n_slow)?, of_panels)))?
            }
            "detector.pixel_size" => {
                let alike = panels.iter().all(|panel| panel.pixel_size == first.pixel_size);
                alike.then(|| (first.pixel_size.into(), of_panels))
            }
            "detector.beam_center" if panels.len() == 1 => {
                Some((first.intersection(self.experiment.beam.propagation())?.into(), of_panels))
            }
            _ => None,
        }
    }
}

fn pixels(n_fast: usize, n_slow: usize) -> Option<Value> {
    Some([i64::try_from(n_fast).ok()?, i64::try_from(n_slow).ok()?].into())
}

/// The rotation from the default orientation to that of axes (rows a, b, c); none leads to a left-handed cell.
fn rotation(axes: &Mat3, cell: UnitCell) -> Option<Mat3> {
    (axes.determinant() > 0.0).then(|| axes.transposed() * cell.basis().reciprocal_rows())
}

fn matrix(matrix: &Mat3) -> Value {
    let [Vec3([a, b, c]), Vec3([d, e, f]), Vec3([g, h, i])] = matrix.0;
    [a, b, c, d, e, f, g, h, i].into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::description::{resolve, toml};
    use std::path::Path;

    fn resolved(crystal: &str, rest: &str) -> Resolved {
        let text = format!(
            "crystal.structure_factors.default = 100\ncrystal.n_cells = [10, 20, 30]\n{crystal}\nbeam.fluence = 1e20\n{rest}"
        );
        resolve(toml::parse(&text, Path::new("test")).unwrap()).unwrap()
    }

    const PLAIN: &str =
        "beam.wavelength = 2\ndetector.distance = 100\ndetector.pixels = [10, 20]\ndetector.pixel_size = 0.5";

    fn numbers(resolved: &Resolved, name: &str) -> Vec<f64> {
        let entry = resolved.description.get(name).cloned().or_else(|| resolved.inferred(name));
        match entry.unwrap_or_else(|| panic!("{name} has no value")).value {
            Value::List(list) => list.iter().map(|value| value.number().unwrap()).collect(),
            value => vec![value.number().unwrap()],
        }
    }

    #[track_caller]
    fn assert_near(found: &[f64], expected: &[f64]) {
        assert_eq!(found.len(), expected.len(), "{found:?} {expected:?}");
        assert!(
            found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-12 * b.abs().max(1.0)),
            "{found:?} {expected:?}"
        );
    }

    #[test]
    fn a_crystal_turned_by_a_right_angle() {
        // about x: y becomes z, z becomes -y
        let found = resolved("crystal.cell = [10, 20, 30]\ncrystal.misset = [90, 0, 0]", PLAIN);
        assert_near(&numbers(&found, "crystal.real_space_b"), &[0.0, 0.0, 20.0]);
        assert_near(&numbers(&found, "crystal.real_space_c"), &[0.0, -30.0, 0.0]);
        let third = 1.0 / 30.0;
        assert_near(&numbers(&found, "crystal.a_matrix"), &[0.1, 0.0, 0.0, 0.0, 0.0, -third, 0.0, 0.05, 0.0]);
        assert_near(&numbers(&found, "crystal.u_matrix"), &[1.0, 0.0, 0.0, 0.0, 0.0, -1.0, 0.0, 1.0, 0.0]);
        let origin = found.inferred("crystal.a_matrix").unwrap().origin.to_string();
        assert_eq!(origin, "automatic: from crystal.misset (test:4)");
    }

    #[test]
    fn every_way_to_say_an_orientation_leads_to_the_same_crystal() {
        let cell = "crystal.cell = [61.2, 72.3, 83.4, 81, 97, 102]\n";
        let chance = resolved(&format!("{cell}crystal.orientation = \"random\"\ncrystal.orientation_seed = 7"), PLAIN);
        let axes = chance.experiment.crystal.real_space;
        let say = |name: &str| format!("{name} = {}", chance.inferred(name).unwrap().value);
        let edges = ["crystal.real_space_a", "crystal.real_space_b", "crystal.real_space_c"].map(say).join("\n");
        for (with_cell, way) in [
            (true, say("crystal.misset")),
            (true, say("crystal.u_matrix")),
            (false, say("crystal.a_matrix")),
            (false, edges),
        ] {
            let again = resolved(&format!("{}{way}", if with_cell { cell } else { "" }), PLAIN);
            for (row, expected) in again.experiment.crystal.real_space.0.iter().zip(axes.0) {
                assert!((*row - expected).norm() < 1e-10, "{way}: {row:?} {expected:?}");
            }
            let cell: Vec<f64> = ["a", "b", "c", "alpha", "beta", "gamma"]
                .iter()
                .flat_map(|last| numbers(&again, &format!("crystal.cell.{last}")))
                .collect();
            assert!(
                cell.iter().zip([61.2, 72.3, 83.4, 81.0, 97.0, 102.0]).all(|(a, b)| (a - b).abs() < 1e-9),
                "{cell:?}"
            );
        }
    }

    #[test]
    fn a_left_handed_cell_has_no_rotation() {
        let found = resolved("crystal.a_matrix = [0.1, 0, 0, 0, 0.1, 0, 0, 0, -0.1]", PLAIN);
        assert_near(&numbers(&found, "crystal.cell.c"), &[10.0]);
        assert!(found.inferred("crystal.u_matrix").is_none() && found.inferred("crystal.misset").is_none());
    }

    #[test]
    fn beam_and_detector_have_the_values_of_other_ways() {
        let found = resolved("crystal.cell = 50", PLAIN);
        // hc = 12398.41984 eV Å
        assert!((numbers(&found, "beam.energy")[0] - 6199.20992).abs() < 1e-3);
        assert_near(&numbers(&found, "beam.kahn_factor"), &[0.998]);
        // the sample looks along -z, rows run along x, columns down
        assert_near(&numbers(&found, "detector.panel[0].origin"), &[-2.5, 5.0, -100.0]);
        assert_near(&numbers(&found, "detector.panel[0].normal"), &[0.0, 0.0, -1.0]);
        assert_near(&numbers(&found, "beam.divergence.vertical_steps"), &[1.0]);
        let listed = "beam.wavelength = 2\nbeam.kahn_factor = 0.5\nbeam.polarization_vector = [1, 0, 0]\n[[detector.panel]]\n\
                      origin = [-2.5, 5, -100]\nfast_axis = [1, 0, 0]\nslow_axis = [0, -1, 0]\npixels = [10, 20]\npixel_size = 0.5";
        let found = resolved("crystal.cell = 50", listed);
        assert_near(&numbers(&found, "detector.pixels"), &[10.0, 20.0]);
        assert_near(&numbers(&found, "detector.beam_center"), &[5.0, 10.0]);
        assert_near(&numbers(&found, "beam.polarization_fraction"), &[0.75]);
        assert_near(&numbers(&found, "beam.polarization_normal"), &[0.0, 1.0, 0.0]);
        assert!(found.inferred("detector.panel[1].origin").is_none() && found.inferred("detector.mask").is_none());
    }
}
