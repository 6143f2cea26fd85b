//! The crystal and its structure factors.

use super::automatic::DOMAINS;
use super::resolver::Resolver;
use crate::formats::mosflm_matrix;
use bragg::error::{Error, Result};
use bragg::experiment::{Crystal, Interpolation, Mosaic, MosaicFrame, MosaicSpread, Shape, StructureFactors, UnitCell};
use bragg::math::{Mat3, Vec3};
use bragg::random::Generator;
use bragg::random::keyed::{Purpose, stream, uniform_rotation};
use bragg::reflections::{AmplitudeGrid, Reflections};
use std::sync::Arc;

const MATRIX_KEYS: [&str; 5] = [
    "crystal.a_matrix",
    "crystal.real_space_a",
    "crystal.real_space_b",
    "crystal.real_space_c",
    "crystal.mosflm_matrix",
];
const CELL_NAMES: [&str; 6] = ["a", "b", "c", "alpha", "beta", "gamma"];
/// U is taken as a rotation when its rows are orthonormal to this: four decimals.
const U_TOLERANCE: f64 = 1e-4;
const ANGSTROM_PER_MM: f64 = 1e7;
/// The longest edge of a mosaic block (Å), 1 mm: no crystal is coherent so far, and the kinematic theory ends long before.
const LONGEST_BLOCK: f64 = 1e7;
/// A crystal size within this of whole cells (relative) is not rounded up to one more.
const WHOLE_CELLS: f64 = 1e-9;

impl Resolver {
    pub(super) fn crystal(&mut self, reflections: Option<&Reflections>, wavelength: f64) -> Result<Crystal> {
        let real_space =
            if self.has_matrix() { self.basis_of_matrix(wavelength)? } else { self.oriented_cell(reflections)? };
        let n_cells = self.n_cells(&real_space)?;
        let n_blocks = self.n_blocks(&real_space, n_cells)?;
        let shape = Shape::of(&self.text("crystal.shape")?).unwrap_or(Shape::Square);
        let fudge = self.number("crystal.fudge")?;
        let scale = self.number("crystal.scale")?;
        Ok(Crystal { real_space, n_cells, shape, fudge, mosaic: self.mosaic()?, n_blocks, scale })
    }

    /// Whether the cell and the orientation come in a matrix.
    pub(super) fn has_matrix(&self) -> bool {
        MATRIX_KEYS.iter().any(|name| self.has(name))
    }

    /// The basis (rows a, b, c) of a matrix that has the cell in it.
    pub(super) fn basis_of_matrix(&mut self, wavelength: f64) -> Result<Mat3> {
        if self.has("crystal.a_matrix") {
            let [a, b, c, d, e, f, g, h, i] = self.array("crystal.a_matrix")?;
            let columns = Mat3::from_rows([Vec3::new(a, d, g), Vec3::new(b, e, h), Vec3::new(c, f, i)]);
            return self.basis("crystal.a_matrix", columns.reciprocal_rows());
        }
        if let Some(path) = self.path("crystal.mosflm_matrix") {
            let in_lab = |v: Vec3| mosflm_matrix::lab_from_mosflm(v) * (1.0 / wavelength);
            let reciprocal = mosflm_matrix::read(&path)?.transposed().0.map(in_lab);
            return self.basis("crystal.mosflm_matrix", Mat3::from_rows(reciprocal).reciprocal_rows());
        }
        let [a, b, c] = ["crystal.real_space_a", "crystal.real_space_b", "crystal.real_space_c"];
        let rows = [self.vector(a)?, self.vector(b)?, self.vector(c)?];
        self.basis(a, Mat3::from_rows(rows))
    }

    fn basis(&mut self, name: &str, basis: Mat3) -> Result<Mat3> {
        let volume = basis.determinant();
        if !(basis.0.iter().all(|row| row.is_finite()) && volume.is_finite() && volume != 0.0) {
            return Err(self.error(name, "makes a cell without volume: its three vectors lie in a plane"));
        }
        if volume < 0.0 {
            self.notice(format!("{name} ({}) makes a left-handed cell", self.origin(name)));
        }
        Ok(basis)
    }

    /// The basis of the cell in the orientation that misset, U or chance gives it.
    fn oriented_cell(&mut self, reflections: Option<&Reflections>) -> Result<Mat3> {
        let basis = self.cell(reflections)?.basis();
        let rows = if self.has("crystal.u_matrix") {
            let rotation = self.u_matrix()?;
            basis.0.map(|row| rotation.apply(row))
        } else if self.has("crystal.orientation") {
            self.mark_used("crystal.orientation");
            let seed = self.seed("crystal.orientation_seed")?;
            let rotation = uniform_rotation(&mut stream(seed, 0, Purpose::Orientation));
            basis.0.map(|row| rotation.apply(row))
        } else {
            let angles = self.array("crystal.misset")?.map(f64::to_radians);
            basis.0.map(|row| row.rotated_xyz(angles))
        };
        Ok(Mat3::from_rows(rows))
    }

    fn u_matrix(&mut self) -> Result<Mat3> {
        let [a, b, c, d, e, f, g, h, i] = self.array("crystal.u_matrix")?;
        let u = Mat3::from_rows([Vec3::new(a, b, c), Vec3::new(d, e, f), Vec3::new(g, h, i)]);
        let product = u * u.transposed();
        let off = (0..3).flat_map(|i| (0..3).map(move |j| (i, j)));
        let off = off.map(|(i, j)| (product.0[i][j] - if i == j { 1.0 } else { 0.0 }).abs()).fold(0.0, f64::max);
        if off > U_TOLERANCE || u.determinant() < 0.0 {
            let what = format!(
                "is no rotation: U·Uᵀ differs from 1 by {off:.1e} and its determinant is {:.6}; rows must be orthonormal to {U_TOLERANCE:e} \
                 and right-handed (give more digits, or the whole A as a_matrix)",
                u.determinant()
            );
            return Err(self.error("crystal.u_matrix", what));
        }
        Ok(u)
    }

    /// The cell that is described, else that of the reflections.
    pub(super) fn cell(&mut self, reflections: Option<&Reflections>) -> Result<UnitCell> {
        let keys = CELL_NAMES.map(|name| format!("crystal.cell.{name}"));
        if !keys.iter().any(|key| self.has(key)) {
            let Some((cell, source)) = reflections.and_then(|r| Some((r.cell?, &r.source))) else {
                let what = "is missing: give crystal.cell, a matrix (crystal.a_matrix, real_space_a … c, mosflm_matrix), or a \
                            file of structure factors or coordinates that has the cell";
                return Err(Error::setting("crystal.cell", what));
            };
            UnitCell::new(cell).map_err(|what| Error::file(source, None, what))?;
            for (key, value) in keys.iter().zip(cell) {
                self.automatic(key, value, format!("cell of {}", source.display()))?;
            }
        } else if !keys.iter().all(|key| self.has(key)) {
            // numbers that are given change the cell of the file
            let cell = match reflections.and_then(|reflections| reflections.cell) {
                Some(cell) => Some(cell),
                // a file whose cell is none says so where nothing else is given
                None => self.cell_of_file().ok().flatten().map(|cell| cell.parameters()),
            };
            for (key, value) in keys.iter().zip(cell.into_iter().flatten()) {
                self.automatic(key, value, "as in the file of structure factors or coordinates")?;
            }
        }
        let [a, b, c, alpha, beta, gamma] = &keys;
        if !self.has(a) {
            return Err(Error::setting(a, "is missing while other numbers of the cell are given"));
        }
        let edge = self.number(a)?;
        self.automatic(b, edge, "as crystal.cell.a")?;
        self.automatic(c, edge, "as crystal.cell.a")?;
        let [b, c] = [self.number(b)?, self.number(c)?];
        let angles = [self.number(alpha)?, self.number(beta)?, self.number(gamma)?];
        UnitCell::new([edge, b, c, angles[0], angles[1], angles[2]]).map_err(|what| self.error(a, what))
    }

    /// Says so when the cell is another than that of the structure-factor file.
    pub(super) fn compare_cells(&mut self, real_space: &Mat3, reflections: Option<&Reflections>) {
        let Some((theirs, source)) = reflections.and_then(|r| Some((r.cell?, r.source.display()))) else { return };
        let ours = UnitCell::from_basis(real_space).parameters();
        if ours.iter().zip(theirs).any(|(x, y)| (x - y).abs() > 0.01 * y) {
            let text = |cell: [f64; 6]| cell.map(|x| format!("{x:.2}")).join(" ");
            let notice = format!("the crystal's cell {} is not that of {source}, {}", text(ours), text(theirs));
            self.notice(notice);
        }
    }

    fn n_cells(&mut self, real_space: &Mat3) -> Result<[f64; 3]> {
        if self.has("crystal.domain_size") {
            let sizes = self.array::<3>("crystal.domain_size")?;
            let edges = real_space.0.map(Vec3::norm);
            let mut n_cells = [0; 3];
            for axis in 0..3 {
                let cells = sizes[axis] * ANGSTROM_PER_MM / edges[axis];
                let whole = if cells - cells.round() <= WHOLE_CELLS * cells { cells.round() } else { cells.ceil() };
                n_cells[axis] = whole.clamp(1.0, i64::MAX as f64) as i64;
            }
            let why =
                format!("crystal.domain_size {sizes:?} mm ({}) / edge, rounded up", self.origin("crystal.domain_size"));
            let size = self.description.remove("crystal.domain_size");
            self.automatic("crystal.n_cells", n_cells, why).map_err(|_| {
                let what = format!("makes {n_cells:?} unit cells; at most 2147483647 along an axis are allowed");
                size.map_or_else(
                    || Error::setting("crystal.domain_size", &what),
                    |entry| entry.origin.error("crystal.domain_size", &what),
                )
            })?;
        }
        let n_cells = self.array::<3>("crystal.n_cells")?;
        let edges: [f64; 3] = std::array::from_fn(|i| n_cells[i] * real_space.0[i].norm());
        let longest = edges.into_iter().fold(0.0, f64::max);
        if longest > LONGEST_BLOCK && !self.is_nanobragg()? {
            let what = format!(
                "makes a mosaic block of {:.3e} mm; the edge of one coherent block is at most 1 mm, usually some tenths of a micrometre. The size \
                 of the whole crystal is crystal.extent",
                longest / ANGSTROM_PER_MM
            );
            return Err(self.error("crystal.n_cells", what));
        }
        Ok(n_cells)
    }

    fn mosaic(&mut self) -> Result<Mosaic> {
        let spread = self.mosaic_spread()?;
        let width = spread.width();
        let is_nanobragg = self.is_nanobragg()?;
        if width == 0.0 || is_nanobragg || self.text("crystal.mosaic.generator")? == "nanobragg" {
            let (default, why) = if width > 0.0 { (10, "as in nanoBragg") } else { (1, "without mosaicity") };
            self.automatic(DOMAINS, default, why)?;
        }
        // as many as there must be are known later
        let n_domains = if self.has(DOMAINS) { self.count(DOMAINS)? } else { 2 };
        let width_key = width_key(spread);
        if width == 0.0 && n_domains > 1 {
            self.notice(format!("the {n_domains} mosaic domains are all alike: {width_key} is 0"));
        }
        if width > 0.0 && n_domains == 1 {
            self.notice(format!("{width_key} = {width} has no effect on one domain, which is not turned"));
        }
        let seed = self.seed("crystal.mosaic.seed")?;
        let generator = match self.text("crystal.mosaic.generator")?.as_str() {
            "nanobragg" => Generator::NanoBragg,
            _ => Generator::Keyed,
        };
        if generator == Generator::NanoBragg {
            if !(1..1 << 31).contains(&seed) {
                let what = format!("is {seed}; nanoBragg's generator takes seeds from 1 to 2147483647");
                return Err(self.error("crystal.mosaic.seed", what));
            }
            if width > 0.0 && matches!(spread, MosaicSpread::Gaussian { .. }) {
                let what = "is \"nanobragg\", which draws from a cap; give crystal.mosaic.half_width instead of eta";
                return Err(self.error("crystal.mosaic.generator", what));
            }
        }
        let (frame, why) = if is_nanobragg {
            ("laboratory", "as in nanoBragg")
        } else {
            ("crystal", "domains are parts of the crystal")
        };
        self.automatic("crystal.mosaic.frame", frame, why)?;
        let frame = match self.text("crystal.mosaic.frame")?.as_str() {
            "laboratory" => MosaicFrame::Laboratory,
            _ => MosaicFrame::Crystal,
        };
        Ok(Mosaic { spread, n_domains, seed, generator, frame })
    }

    /// The distribution of the domains, which the width that is given says, unless it is said itself.
    fn mosaic_spread(&mut self) -> Result<MosaicSpread> {
        const DISTRIBUTION: &str = "crystal.mosaic.distribution";
        const ETA: &str = "crystal.mosaic.eta";
        const HALF_WIDTH: &str = "crystal.mosaic.half_width";
        let (name, why) = match (self.has(HALF_WIDTH), self.has(ETA)) {
            (true, _) => ("cap", "which has a half_width"),
            (false, true) => ("gaussian", "which has an eta"),
            (false, false) => ("gaussian", "there is no mosaicity"),
        };
        self.automatic(DISTRIBUTION, name, why)?;
        let is_cap = self.text(DISTRIBUTION)? == "cap";
        let (width, other) = if is_cap { (HALF_WIDTH, ETA) } else { (ETA, HALF_WIDTH) };
        if self.has(other) {
            let what = format!(
                "is the width of another distribution than {DISTRIBUTION} ({}) says; give {width}, or leave the distribution out",
                self.origin(DISTRIBUTION)
            );
            return Err(self.error(other, what));
        }
        self.automatic(width, 0.0, "no mosaicity is given")?;
        let width = self.number(width)?;
        Ok(if is_cap { MosaicSpread::Cap { half_width: width } } else { MosaicSpread::Gaussian { eta: width } })
    }

    pub(super) fn structure_factors(
        &mut self,
        reflections: Option<&Reflections>,
        n_cells: [f64; 3],
    ) -> Result<StructureFactors> {
        let key = "crystal.structure_factors.default";
        let default_f = self.number(key)?;
        if default_f < 0.0 && !self.is_nanobragg()? {
            return Err(self.error(key, format!("is {default_f}; it must be a number, not negative")));
        }
        if reflections.is_none() && default_f == 0.0 && !self.has_water() {
            let what = "is missing, and the default amplitude is 0: the image would be empty. Give a file with structure factors, or \
                        crystal.structure_factors.default, the amplitude of every reflection";
            return Err(Error::setting("crystal.structure_factors.file", what));
        }
        if reflections.is_none() && default_f == 0.0 {
            self.notice("no structure factors are given (crystal.structure_factors): the image is the water alone");
        }
        let key = "crystal.structure_factors.interpolation";
        if self.has(key) && self.text(key)? == "auto" {
            self.description.remove(key);
        }
        let tricubic = reflections.is_some() && n_cells.iter().any(|&n| n <= 2.0);
        let (name, why) = match (tricubic, reflections.is_some()) {
            (true, _) => ("tricubic", "an edge of one or two cells"),
            (false, true) => ("nearest", "every edge has three cells or more"),
            (false, false) => ("nearest", "there is one amplitude for all reflections"),
        };
        self.automatic(key, name, why)?;
        let interpolation =
            if self.text(key)? == "tricubic" { Interpolation::Tricubic } else { Interpolation::Nearest };
        let include_f000 = self.flag("crystal.structure_factors.include_f000")?;
        let grid = reflections.map(|list| amplitude_grid(list, default_f, include_f000)).transpose()?.map(Arc::new);
        let scale = self.number("crystal.structure_factors.scale")?;
        let b_key = "crystal.structure_factors.b_factor";
        let b_factor = self.number(b_key)?;
        if b_factor != 0.0 && grid.is_none() {
            let what = "has no effect without crystal.structure_factors.file: the default amplitude is the same for all reflections";
            return Err(self.error(b_key, what));
        }
        Ok(StructureFactors { grid, default_f, include_f000, scale, b_factor, interpolation })
    }
}

/// The amplitudes of a list, F(0,0,0) = 0 where it does not scatter; a grid beside a default then holds its place.
fn amplitude_grid(list: &Reflections, default_f: f64, include_f000: bool) -> Result<AmplitudeGrid> {
    let mut grid = AmplitudeGrid::from_reflections(list, default_f)?;
    if include_f000 {
        return Ok(grid);
    }
    if grid.position([0; 3]).is_none() && default_f != 0.0 {
        let mut wider = list.clone();
        wider.list.push(([0; 3], 0.0));
        grid = AmplitudeGrid::from_reflections(&wider, default_f)?;
    }
    if let Some(i) = grid.position([0; 3]) {
        grid.amplitudes[i] = 0.0;
    }
    Ok(grid)
}

/// The key of a distribution's width.
fn width_key(spread: MosaicSpread) -> &'static str {
    match spread {
        MosaicSpread::Gaussian { .. } => "crystal.mosaic.eta",
        MosaicSpread::Cap { .. } => "crystal.mosaic.half_width",
    }
}
