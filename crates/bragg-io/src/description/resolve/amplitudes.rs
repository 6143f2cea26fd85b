//! Where amplitudes come from: reflections of a file, F_calc of a model, Wilson statistics.

use super::Listed;
use super::resolver::Resolver;
use crate::cache::{self, Cache};
use crate::description::keys::FORMATS;
use crate::formats::coordinates::{self, Given};
use crate::formats::read_bytes;
use crate::formats::reflections::{Content, ReadOptions, ReflectionFormat, Report, read_with};
use bragg::error::{Error, Result};
use bragg::experiment::{Beam, UnitCell};
use bragg::monitor::Monitor;
use bragg::reflections::{Fill, Filled, ReciprocalMetric, Reflections};
use bragg::structure::solvent::Solvent;
use bragg::structure::wilson;
use bragg::structure::{Dispersion, Model, ModelChoice, anomalous, f_calc, fft};
use bragg::symmetry::SpaceGroup;
use bragg::units::EV_ANGSTROM;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

/// Raised whenever F_calc of the same model changes.
const F_CALC_VERSION: u32 = 2;

/// What the amplitudes depend on besides their own keys.
#[derive(Clone, Copy)]
pub(super) struct Surroundings<'a> {
    /// The wavelength (Å), when there is a beam.
    pub(super) wavelength: Option<f64>,
    /// The mean photon energy (eV), when there is a beam.
    pub(super) energy: Option<f64>,
    /// The finest spacing (Å) that is asked for, when there is a detector.
    pub(super) reach: Option<f64>,
    /// Where F_calc is kept between runs.
    pub(super) cache: Option<&'a Cache>,
    /// Whether amplitudes are computed; else only what they depend on is found.
    pub(super) computes: bool,
    /// What may stop the work.
    pub(super) monitor: &'a dyn Monitor,
}

/// The mean photon energy (eV) of a beam: of its spectrum, whose wavelengths are uniform between their ends, or of its sources by their
/// weights.
pub(super) fn mean_energy(beam: &Beam) -> f64 {
    if let Some(spread) = beam.spread {
        let range = if spread.dispersion.is_spread() { spread.dispersion.range } else { 0.0 };
        // the mean of 1/(1 + x) for |x| ≤ range/2
        let mean = if range > 0.0 { ((1.0 + range / 2.0) / (1.0 - range / 2.0)).ln() / range } else { 1.0 };
        return mean * EV_ANGSTROM / beam.wavelength;
    }
    let (sum, weights) = beam.sources.iter().fold((0.0, 0.0), |(sum, weights), source| {
        (sum + source.weight * EV_ANGSTROM / source.wavelength, weights + source.weight)
    });
    if weights > 0.0 { sum / weights } else { EV_ANGSTROM / beam.wavelength }
}

const FILE: &str = "crystal.structure_factors.file";
const COLUMN: &str = "crystal.structure_factors.column";
pub(super) const D_MIN: &str = "crystal.structure_factors.d_min";
const FILL: &str = "crystal.structure_factors.fill";
const FILL_FILE: &str = "crystal.structure_factors.fill_file";
const FILL_AMPLITUDE: &str = "crystal.structure_factors.fill_amplitude";
const SYNTHETIC: &str = "crystal.structure_factors.synthetic";
const WILSON_B: &str = "crystal.structure_factors.wilson_b";
const SEED: &str = "crystal.structure_factors.seed";
const SPACE_GROUP: &str = "crystal.space_group";
const MODELS: &str = "crystal.structure_factors.models";

/// What a file holds, by the name of its format or, without one, by itself; and what else there is to know, in sentences.
pub(in crate::description) fn content_of(
    path: &Path,
    format: Option<&str>,
    has_column: bool,
) -> Result<(Content, Vec<String>)> {
    let named = FORMATS.iter().find(|(known, _)| Some(*known) == format).and_then(|(_, content)| *content);
    match named {
        Some(content) => Ok((content, Vec::new())),
        // a column is asked for of reflections
        None if has_column && Content::is_cif_with_reflections(path) => {
            Ok((Content::Reflections(ReflectionFormat::Cif), Vec::new()))
        }
        None => Content::with_notes(path),
    }
}

/// A file that was opened.
enum Opened {
    /// The bytes of coordinates.
    Coordinates(Vec<u8>),
    Reflections(Reflections, Report),
}

impl Resolver {
    /// The amplitudes that a file or chance gives, in P1; `None` when every reflection has the default one.
    pub(super) fn reflections(&mut self, around: Surroundings) -> Result<Option<Reflections>> {
        if self.has(SYNTHETIC) {
            self.mark_used(SYNTHETIC);
            return self.synthetic(around).map(Some);
        }
        let Some(path) = self.path(FILE) else {
            if self.has(COLUMN) {
                return Err(self.error(COLUMN, format!("has no effect without {FILE}")));
            }
            return Ok(None);
        };
        let cell = if self.has_cell() { Some(self.known_cell(around.wavelength)?.parameters()) } else { None };
        let (mut reflections, report) = match self.open(&path, cell)? {
            Opened::Coordinates(bytes) => return self.of_coordinates(&path, &bytes, cell, around, None).map(Some),
            Opened::Reflections(reflections, report) => (reflections, report),
        };
        for sentence in report.sentences() {
            self.notice(format!("{}: {sentence}", path.display()));
        }
        self.fill(&mut reflections, around)?;
        Ok(Some(reflections))
    }

    /// The amplitudes that are known, or else those that a file or chance gives.
    pub(super) fn listed(&mut self, around: Surroundings, known: Option<Arc<Reflections>>) -> Result<Option<Listed>> {
        if let Some(reflections) = known {
            if self.path(FILE).is_some() {
                // what reading it would ask for, so that the completed description says as much
                self.text("crystal.structure_factors.format")?;
                self.text(FILL)?;
                [COLUMN, SPACE_GROUP].into_iter().for_each(|key| self.mark_used(key));
            }
            return Ok(Some(Listed { reflections, is_plain: true }));
        }
        let read = self.reflections(around)?;
        // what is calculated or filled in has a limit
        let is_plain = !self.has(D_MIN) && !self.has(SYNTHETIC);
        Ok(read.map(|reflections| Listed { reflections: Arc::new(reflections), is_plain }))
    }

    /// Opens the file as what it is, or is said to be.
    fn open(&mut self, path: &Path, cell: Option<[f64; 6]>) -> Result<Opened> {
        let name = self.text("crystal.structure_factors.format")?;
        let (content, notes) = content_of(path, Some(&name), self.has(COLUMN))?;
        notes.into_iter().for_each(|note| self.notice(format!("{}: {note}", path.display())));
        let Content::Reflections(format) = content else { return Ok(Opened::Coordinates(read_bytes(path)?)) };
        let column = if self.has(COLUMN) { Some(self.text(COLUMN)?) } else { None };
        let space_group = if self.has(SPACE_GROUP) { Some(self.text(SPACE_GROUP)?) } else { None };
        let options = ReadOptions { column: column.as_deref(), cell, space_group: space_group.as_deref() };
        let (reflections, report) = read_with(path, format, &options)?;
        Ok(Opened::Reflections(reflections, report))
    }

    /// The cell of the file that is named.
    pub(super) fn cell_of_file(&mut self) -> Result<Option<UnitCell>> {
        let Some(path) = self.path(FILE) else { return Ok(None) };
        let cell = match self.open(&path, None)? {
            Opened::Coordinates(bytes) => {
                let given = Given { space_group: Some("P 1"), cell: None };
                return Ok(Some(coordinates::parse_with(&bytes, &path, &given)?.cell));
            }
            Opened::Reflections(reflections, _) => reflections.cell,
        };
        cell.map(|cell| UnitCell::new(cell).map_err(|what| Error::file(&path, None, what))).transpose()
    }

    /// Leaves out the reflections of a file that are finer than the limit, and adds those that it lacks, as far as that is asked for.
    fn fill(&mut self, reflections: &mut Reflections, around: Surroundings) -> Result<()> {
        let fill = self.text(FILL)?;
        if fill == "none" && !self.has(D_MIN) {
            return Ok(());
        }
        let source = reflections.source.clone();
        let refuse = |what: String| Error::file(&source, None, what);
        let cell = match reflections.cell {
            Some(cell) => UnitCell::new(cell).map_err(|error| refuse(error.into()))?,
            None => self.known_cell(around.wavelength)?,
        };
        let metric = ReciprocalMetric::from_cell(cell.parameters()).map_err(|error| refuse(error.into()))?;
        let finest = reflections.list.iter().map(|(hkl, _)| metric.inverse_d_squared(*hkl)).fold(0.0, f64::max);
        let d_min = self.d_min(&cell, around, (finest.sqrt().recip(), "as far as the file goes"))?;
        let limit = (1.0 + 1e-9) / (d_min * d_min);
        reflections.list.retain(|(hkl, _)| metric.inverse_d_squared(*hkl) <= limit);
        if fill == "none" {
            return Ok(());
        }
        let other = if fill == "coordinates" {
            let Some(path) = self.path(FILL_FILE) else {
                return Err(self.error(FILL, format!("is \"coordinates\": {FILL_FILE} must name the model")));
            };
            self.of_coordinates(&path, &read_bytes(&path)?, reflections.cell, around, Some(d_min))?
        } else {
            Reflections::default()
        };
        let how = match fill.as_str() {
            "constant" => Fill::Constant(self.number(FILL_AMPLITUDE)?),
            "coordinates" => Fill::List(&other),
            _ => Fill::Wilson { seed: self.seed(SEED)? },
        };
        if !around.computes {
            return Ok(());
        }
        let filled = reflections.fill_watched(cell.parameters(), d_min, how, around.monitor);
        around.monitor.check()?;
        let filled = filled.map_err(|what| self.error(FILL, what))?;
        self.notice_filled(&source, &filled, d_min, &other.source);
        Ok(())
    }

    fn notice_filled(&mut self, source: &Path, filled: &Filled, d_min: f64, other: &Path) {
        let percent = 100.0 * filled.listed as f64 / filled.possible.max(1) as f64;
        let scale = filled.scale.map_or(String::new(), |scale| {
            let (k, b, r) = (scale.k, scale.b, 100.0 * scale.r);
            format!(" (times {k:.3}, with B = {b:.1} Å², R = {r:.0} % against the common ones)")
        });
        let parts: Vec<String> = [
            (filled.by_symmetry, "follow from equivalents".to_owned()),
            (filled.by_constant, "have the constant amplitude".to_owned()),
            (filled.from_list, format!("come from {}{scale}", other.display())),
            (filled.by_wilson, "are drawn by Wilson's statistics".to_owned()),
            (filled.missing, "are still missing".to_owned()),
        ]
        .into_iter()
        .filter(|(n, _)| *n > 0)
        .map(|(n, what)| format!("{n} {what}"))
        .collect();
        let parts = if parts.is_empty() { "nothing was missing".to_owned() } else { parts.join(", ") };
        self.notice(format!(
            "{} has {percent:.1} % of the {} reflections in P1 to {d_min} Å: {parts}",
            source.display(),
            filled.possible
        ));
    }

    /// Amplitudes by chance.
    fn synthetic(&mut self, around: Surroundings) -> Result<Reflections> {
        let cell = self.known_cell(around.wavelength)?;
        let group = if self.has(SPACE_GROUP) {
            self.space_group(Some(cell.parameters()))?
        } else {
            SpaceGroup::parse("P 1").map_err(|what| Error::setting(SPACE_GROUP, what))?
        };
        if around.reach.is_none() && !self.has(D_MIN) {
            return Err(Error::setting(D_MIN, "is missing: made-up amplitudes need a limit of resolution"));
        }
        let d_min = self.d_min(&cell, around, (1.0, ""))?;
        let b = self.number(WILSON_B)?;
        let content = wilson::Content::protein(&cell, b).map_err(|what| self.error(WILSON_B, what))?;
        let seed = self.seed(SEED)?;
        let d_min = if around.computes { d_min } else { cell.edges.into_iter().fold(d_min, f64::max) };
        let made = wilson::amplitudes(&cell, &group, d_min, &content, seed, around.monitor);
        around.monitor.check()?;
        let made = made.map_err(|what| self.error(D_MIN, what))?;
        Ok(Reflections { source: "wilson".into(), ..made })
    }

    /// The space group that was given, in the setting that a cell fits.
    fn space_group(&mut self, cell: Option<[f64; 6]>) -> Result<SpaceGroup> {
        let name = self.text(SPACE_GROUP)?;
        let group = match cell {
            Some(cell) => SpaceGroup::parse_for_cell(&name, cell),
            None => SpaceGroup::parse(&name),
        };
        group.map_err(|what| self.error(SPACE_GROUP, what))
    }

    /// Whether the description has a cell.
    fn has_cell(&self) -> bool {
        self.has_matrix() || self.has("crystal.cell.a")
    }

    /// The cell of the description alone.
    fn known_cell(&mut self, wavelength: Option<f64>) -> Result<UnitCell> {
        if self.has_matrix() {
            let n_notices = self.notices.len();
            let basis = self.basis_of_matrix(wavelength.unwrap_or(1.0))?;
            // they come again when the crystal is made
            self.notices.truncate(n_notices);
            return Ok(UnitCell::from_basis(&basis));
        }
        self.cell(None)
    }

    /// The cell of reflections: their own, else that of the description, if any.
    pub(super) fn cell_of(&mut self, reflections: &Reflections) -> Result<Option<[f64; 6]>> {
        if reflections.cell.is_some() || !self.has_cell() {
            return Ok(reflections.cell);
        }
        Ok(Some(self.known_cell(None)?.parameters()))
    }

    /// F_calc of a model, to `d_min` (Å) or as far as is asked for.
    fn of_coordinates(
        &mut self,
        path: &Path,
        bytes: &[u8],
        cell: Option<[f64; 6]>,
        around: Surroundings,
        d_min: Option<f64>,
    ) -> Result<Reflections> {
        if self.has(COLUMN) && d_min.is_none() {
            let what = format!("has no effect with coordinates: {} has no columns of reflections", path.display());
            return Err(self.error(COLUMN, what));
        }
        let model = self.model(path, bytes, cell)?;
        let d_min = match d_min {
            Some(d_min) => d_min,
            None => {
                let expected = (model.expected_resolution() * 100.0).round() / 100.0;
                self.d_min_of_model(&model, around, (expected, "as far as such atoms scatter: √(mean B / 8)"))?
            }
        };
        let (dispersion, energy) = self.dispersion(&model, around)?;
        let solvent = self.solvent()?;
        let cell = model.cell.parameters();
        let of_model =
            |list| Reflections { list, cell: Some(cell), symmetry: model.symmetry.clone(), source: path.to_owned() };
        if !around.computes {
            return Ok(of_model(vec![([0; 3], 0.0)]));
        }
        let (models, space_group) =
            (self.text(MODELS)?, self.description.get(SPACE_GROUP).map(|entry| entry.value.to_string()));
        let key = format!(
            "F_calc {F_CALC_VERSION}\nfile {}\nmodels {models}\nspace group {space_group:?}\ncell {cell:?}\nd_min {d_min:?}\nsolvent {solvent:?}\n\
             dispersion {dispersion:?}\n",
            cache::digest(bytes)
        );
        let kept = around.cache.and_then(|cache| cache.load(&key));
        let how = if kept.is_some() { "kept from an earlier run" } else { "calculated" };
        let list = match kept {
            Some(list) => list,
            None => {
                let list = f_calc(&model, &dispersion, solvent.as_ref(), d_min, around.monitor);
                around.monitor.check()?;
                let list = list.map_err(|what| self.error(D_MIN, what))?;
                if let Some(Err(error)) = around.cache.map(|cache| cache.store(&key, &list)) {
                    self.notice(format!("the structure factors are not kept for later runs: {error}"));
                }
                list
            }
        };
        let with_solvent = if solvent.is_some() { "with bulk solvent" } else { "without bulk solvent" };
        let at_energy =
            energy.map_or("without dispersion".to_owned(), |energy| format!("dispersion at {energy:.0} eV"));
        let f_000 = list.iter().find(|(hkl, _)| *hkl == [0; 3]).map_or(0.0, |(_, f)| f.norm());
        self.notice(format!(
            "structure factors of {} to {d_min} Å {how}: {} atoms, {with_solvent}, {at_energy}; F(000) = {f_000:.0} electrons",
            path.display(),
            model.atoms.len()
        ));
        Ok(of_model(list.into_iter().map(|(hkl, f)| (hkl, f.norm())).collect()))
    }

    /// The atoms that scatter. What their reader took for granted becomes notices.
    fn model(&mut self, path: &Path, bytes: &[u8], cell: Option<[f64; 6]>) -> Result<Model> {
        let space_group = if self.has(SPACE_GROUP) { Some(self.text(SPACE_GROUP)?) } else { None };
        let given = Given { space_group: space_group.as_deref(), cell };
        let model = coordinates::parse_with(bytes, path, &given)?;
        model.notes.iter().for_each(|note| self.notice(format!("{}: {note}", path.display())));
        let is_averaged = self.text(MODELS)? == "all";
        Ok(model.choose(if is_averaged { ModelChoice::Averaged } else { ModelChoice::First }))
    }

    /// Dispersion corrections at the beam's energy (eV), unless they are not wanted.
    fn dispersion(&mut self, model: &Model, around: Surroundings) -> Result<(Dispersion, Option<f64>)> {
        let key = "crystal.structure_factors.anomalous";
        let is_wanted = self.flag(key)?;
        let Some(energy) = around.energy.filter(|_| is_wanted) else { return Ok((Dispersion::new(), None)) };
        let elements: BTreeSet<_> = model.atoms.iter().map(|atom| atom.element).collect();
        let found = anomalous::dispersion(elements.into_iter(), energy).map_err(|what| self.error(key, what))?;
        Ok((found, Some(energy)))
    }

    /// The bulk solvent, unless it is not wanted.
    fn solvent(&mut self) -> Result<Option<Solvent>> {
        if !self.flag("crystal.structure_factors.solvent")? {
            return Ok(None);
        }
        let k = self.number("crystal.structure_factors.k_sol")?;
        let b = self.number("crystal.structure_factors.b_sol")?;
        Ok(Some(Solvent { k, b, ..Solvent::default() }))
    }

    /// Whether amplitudes between reflections may be asked for.
    fn may_interpolate(&mut self, cell: &UnitCell) -> Result<bool> {
        let few = if self.has("crystal.domain_size") {
            const ANGSTROM_PER_MM: f64 = 1e7;
            let sizes = self.array::<3>("crystal.domain_size")?;
            (0..3).any(|i| sizes[i] * ANGSTROM_PER_MM <= 2.0 * cell.edges[i])
        } else {
            self.has("crystal.n_cells") && self.counts::<3>("crystal.n_cells")?.iter().any(|&n| n <= 2)
        };
        let key = "crystal.structure_factors.interpolation";
        let asked = if self.has(key) { Some(self.text(key)?) } else { None };
        Ok(match asked.as_deref() {
            Some("tricubic") => true,
            Some("nearest") => false,
            _ => few,
        })
    }

    /// The limit of resolution for a model, no finer than a grid of its cell's density can be.
    fn d_min_of_model(&mut self, model: &Model, around: Surroundings, otherwise: (f64, &str)) -> Result<f64> {
        if self.has(D_MIN) {
            return self.number(D_MIN);
        }
        let wanted = self.d_min(&model.cell, around, otherwise)?;
        let finest = fft::finest_d_min(&model.cell);
        if wanted >= finest {
            return Ok(wanted);
        }
        self.description.remove(D_MIN);
        self.automatic(D_MIN, finest, "as far as the density of such a large cell is computed")?;
        self.notice(format!(
            "structure factors of {} go to {finest} Å and not to {wanted} Å, for which its unit cell is too large; reflections beyond have \
             none ({D_MIN}, sampling.d_min)",
            model.source.display()
        ));
        self.number(D_MIN)
    }

    /// The limit of what is calculated: what the detector reaches, and the reflections around it that pixels there ask for; `otherwise`
    /// where there is no detector.
    fn d_min(&mut self, cell: &UnitCell, around: Surroundings, otherwise: (f64, &str)) -> Result<f64> {
        if self.has(D_MIN) {
            return self.number(D_MIN);
        }
        let Some(reach) = around.reach else {
            self.automatic(D_MIN, otherwise.0, otherwise.1)?;
            return self.number(D_MIN);
        };
        let reach = reach.max(self.number("sampling.d_min")?);
        let (n_cells, why) = if self.may_interpolate(cell)? {
            (2.5, "what the detector reaches and two and a half reciprocal cells more, for interpolation")
        } else {
            (0.5, "what the detector reaches and half a reciprocal cell more")
        };
        let reciprocal = cell.basis().reciprocal_rows().0;
        let d_min = 1.0 / (1.0 / reach + n_cells * reciprocal.iter().map(|edge| edge.norm()).sum::<f64>());
        // a round number is easier on the eye
        let rounded = if d_min > 0.1 { (d_min * 1000.0).floor() / 1000.0 } else { d_min };
        self.automatic(D_MIN, rounded, why)?;
        self.number(D_MIN)
    }
}
