//! Structure factors of a model: `structure_factors MODEL D_MIN` prints `h k l Re(F) Im(F)` for every reflection in P1.

use bragg::io::coordinates;
use bragg::structure::{Dispersion, ModelChoice, fft};
use std::io::Write;
use std::path::Path;
use std::time::Instant;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let words: Vec<String> = std::env::args().collect();
    let [_, path, d_min] = &words[..] else { return Err("usage: structure_factors MODEL D_MIN".into()) };
    let model = coordinates::read(Path::new(path))?.choose(ModelChoice::First);
    let start = Instant::now();
    let list = fft::structure_factors(&model, &Dispersion::new(), d_min.parse()?)?;
    let elapsed = start.elapsed();
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    for ([h, k, l], f) in &list {
        writeln!(out, "{h} {k} {l} {} {}", f.re, f.im)?;
    }
    out.flush()?;
    let n_atoms = model.atoms.len();
    writeln!(std::io::stderr(), "{} reflections from {n_atoms} atoms in {:.2} s", list.len(), elapsed.as_secs_f64())?;
    Ok(())
}
