//! The reference of all keys, as Markdown: `docs/experiment-file.md`.

use super::keys::{Allowed, Count, Default, KEYS, Key, Kind};
use super::nanobragg::flags::capitalised;
use super::quantity::Unit;
use std::fmt::Write;

const HEAD: &str = "\
# Experiment files

An experiment file is TOML. This page is made from the program's table of keys.

- Every key has a dotted name, such as `detector.distance`. In the file it may stand in its table (`[detector]`, then
  `distance = 100`), and on the command line in `--set detector.distance=100`, which wins over the file.
- A bare number is in the unit named below; text with a unit is converted: `distance = \"0.1 m\"`, `pixel_size = \"75 um\"`,
  `energy = \"12.4 keV\"`, `range = \"1 %\"`.
- A number without its unit that is far from what is usual, and would be usual in another unit, is asked about: `energy = 12.7` is refused
  with the question whether 12.7 keV was meant. With its unit, `energy = \"12.7 eV\"`, any number is taken as it is.
- `cell = [70, 80, 90, 75, 85, 95]` is short for `cell.a` to `cell.gamma`. Matrices are lists of nine numbers by rows, or three
  lists of three.
- File names are relative to the experiment file.
- The laboratory frame is that of imgCIF and dxtbx: x along the spindle, z from the sample to the source, y completes it. The beam
  travels along −z. Vectors need not have length 1.
- Without `output.files` and `-o`, `bragg simulate` writes a picture named as the experiment file to the current folder.
- A crystal is many mosaic blocks, each a coherent piece of `n_cells` cells (or of `domain_size`), usually a tenth to a whole micrometre
  wide. The image is the mean of one block in every orientation that `mosaic` and `scan` give it, times `n_blocks`. The crystal's real size
  is its `extent`; what of it lies in the beam makes `n_blocks`. So `extent`, `flux`, `exposure` and the beam's `size` are all that
  absolute numbers of photons need: `fluence` is flux · exposure / size². Neither the size of a block nor the number of steps changes the photons of
  a reflection. The larger the block, the narrower its spots, and the finer `oversample` has to be.
- Water is a layer across the beam. Its photons do not depend on the crystal.
- Presets are one panel of the detector's size, without gaps between modules.
- `--print-experiment` prints the complete experiment with the origin of every value; the printed file gives the same image.
";

/// The reference as Markdown.
pub fn markdown() -> String {
    let mut text = HEAD.to_owned();
    let mut table = "";
    for key in KEYS {
        let (key_table, name) = key.name.rsplit_once('.').unwrap_or(("", key.name));
        // writing to a String cannot fail
        if key_table != table {
            table = key_table;
            let heading =
                key_table.strip_suffix("[]").map_or_else(|| format!("[{key_table}]"), |list| format!("[[{list}]]"));
            let _ = write!(text, "\n## `{heading}`\n\n");
        }
        let default = match key.default {
            Default::Toml(value) => format!("`{value}`"),
            Default::Automatic(how) => format!("automatic: {how}"),
            Default::Absent(what) => what.to_owned(),
            Default::Required(what) => format!("an error: {what}"),
        };
        let _ =
            writeln!(text, "- **`{name}`** ({}). {}. When not given: {default}.", value(key), capitalised(key.help));
    }
    text
}

/// Kind, unit, number and range of a key's values in a few words.
fn value(key: &Key) -> String {
    let kind = match key.kind {
        Kind::In(Unit::Fraction) => "fraction".to_owned(),
        Kind::In(unit) => unit.symbol().to_owned(),
        Kind::InOr(unit, word) => format!("{} or `\"{word}\"`", unit.symbol()),
        Kind::Number | Kind::Amount => "number".to_owned(),
        Kind::Integer => "whole number".to_owned(),
        Kind::Bool => "`true` or `false`".to_owned(),
        Kind::Text => "text".to_owned(),
        Kind::Path => "file".to_owned(),
        Kind::OneOf(names) => names.iter().map(|name| format!("`\"{name}\"`")).collect::<Vec<_>>().join(", "),
        Kind::PixelPosition => "pixels or a length".to_owned(),
    };
    let range = match key.allowed {
        Allowed::Any => String::new(),
        Allowed::Positive => ", > 0".to_owned(),
        Allowed::NonNegative => ", ≥ 0".to_owned(),
        Allowed::NonZero => ", not 0".to_owned(),
        Allowed::Between(low, high) => format!(", {low} to {high}"),
    };
    let count = match key.count {
        Count::One => String::new(),
        Count::Exactly(n) => format!("{n} × "),
        Count::OneOr(n) => format!("1 or {n} × "),
        Count::Any => "list of ".to_owned(),
    };
    format!("{count}{kind}{range}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_committed_reference_is_that_of_the_table() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/experiment-file.md");
        let committed = std::fs::read_to_string(path).unwrap_or_default();
        assert!(
            committed == markdown(),
            "docs/experiment-file.md is out of date: write crate::description::reference::markdown() to it"
        );
    }
}
