//! Structure factors of a model: `structure_factors MODEL D_MIN [KEY=VALUE …]` prints `h k l Re(F) Im(F)` for every reflection in
//! P1. Keys: `energy` (eV, of f' and f''), `solvent` (`default`, or k,B,probe radius,shrink radius and perhaps the radius of all
//! atoms), and an element (`Se`), whose value is its f',f''.
//!
//! `structure_factors dispersion ENERGY ELEMENT …` prints f' and f''.

#![expect(clippy::disallowed_methods, reason = "a program has arguments and prints")]

use bragg::monitor::Unwatched;
use bragg::structure::solvent::{Radii, Solvent};
use bragg::structure::{Complex64, Dispersion, Element, ModelChoice, anomalous, f_calc};
use bragg_io::formats::coordinates;
use std::io::Write;
use std::path::Path;
use std::time::Instant;

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match &words[..] {
        [word, energy, symbols @ ..] if word == "dispersion" => dispersion(energy.parse()?, symbols),
        [path, d_min, settings @ ..] => structure_factors(path, d_min.parse()?, settings),
        _ => Err("usage: structure_factors MODEL D_MIN [KEY=VALUE …]".into()),
    }
}

fn dispersion(energy: f64, symbols: &[String]) -> Result<(), Failure> {
    let elements = symbols.iter().map(|symbol| symbol.parse()).collect::<Result<Vec<Element>, _>>()?;
    let table = anomalous::dispersion(elements.iter().copied(), energy)?;
    for element in elements {
        writeln!(std::io::stdout(), "{element} {} {}", table[&element].re, table[&element].im)?;
    }
    Ok(())
}

fn structure_factors(path: &str, d_min: f64, settings: &[String]) -> Result<(), Failure> {
    let model = coordinates::read(Path::new(path))?.choose(ModelChoice::First);
    let mut corrections = Dispersion::new();
    let mut solvent = None;
    for setting in settings {
        let (key, value) = setting.split_once('=').ok_or("a setting is KEY=VALUE")?;
        match key {
            "energy" => {
                corrections = anomalous::dispersion(model.atoms.iter().map(|atom| atom.element), value.parse()?)?;
            }
            "solvent" if value == "default" => solvent = Some(Solvent::default()),
            "solvent" => solvent = Some(parse_solvent(value)?),
            element => {
                let (real, imaginary) = value.split_once(',').ok_or("f' and f'' are two numbers")?;
                corrections.insert(element.parse()?, Complex64::new(real.parse()?, imaginary.parse()?));
            }
        }
    }
    let start = Instant::now();
    let list = f_calc(&model, &corrections, solvent.as_ref(), d_min, &Unwatched)?;
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

fn parse_solvent(text: &str) -> Result<Solvent, Failure> {
    let numbers = text.split(',').map(str::parse).collect::<Result<Vec<f64>, _>>()?;
    let (k, b, probe_radius, shrink_radius, radii) = match numbers[..] {
        [k, b, probe, shrink] => (k, b, probe, shrink, Radii::VanDerWaals),
        [k, b, probe, shrink, radius] => (k, b, probe, shrink, Radii::Constant(radius)),
        _ => return Err("solvent=K,B,PROBE,SHRINK[,RADIUS]".into()),
    };
    Ok(Solvent { k, b, probe_radius, shrink_radius, radii })
}
