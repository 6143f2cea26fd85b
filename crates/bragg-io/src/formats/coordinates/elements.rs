//! The elements of atoms, from symbols, atom names and labels.

use bragg::structure::Element;
use std::collections::BTreeSet;

/// What an atom of a file scatters as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scatterer {
    Known(Element),
    /// An atom of which nobody knows what it is (PDB: element X, residues UNX and UNL).
    Unknown,
    /// What a file lists like an atom, but what is none: a lone pair, a dummy, the fourth site of a water model.
    Nothing,
}

/// How many atoms of a file were unknown, and how many were none.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Tally {
    unknown: usize,
    nothing: usize,
}

impl Tally {
    /// The element that an atom is taken for; `None` for what is none. An unknown atom scatters as oxygen: most are water, or ions about as
    /// heavy.
    pub(super) fn taken(&mut self, scatterer: Scatterer) -> Option<Element> {
        match scatterer {
            Scatterer::Known(element) => Some(element),
            Scatterer::Unknown => {
                self.unknown += 1;
                "O".parse().ok()
            }
            Scatterer::Nothing => {
                self.nothing += 1;
                None
            }
        }
    }

    pub(super) fn notes(self, notes: &mut Vec<String>) {
        if self.unknown > 0 {
            notes.push(format!("{} atoms of an unknown element (X) scatter as oxygen", self.unknown));
        }
        if self.nothing > 0 {
            notes.push(format!("{} sites that are no atoms (dummies, lone pairs) are left out", self.nothing));
        }
    }
}

/// Symbols of atoms that nobody knows.
const UNKNOWN: [&str; 5] = ["X", "XX", "UNX", "UNK", "UNL"];
/// Symbols of what is no atom.
const NO_ATOM: [&str; 9] = ["LP", "EP", "DU", "DUM", "DUMMY", "VAC", "CG", "CNT", "CEN"];

/// What a symbol such as `FE`, `Fe3+`, `D`, `X` or `LP` stands for. A note behind it (`Cval`, `O_carbonyl`) makes it none.
pub(super) fn of_symbol(text: &str) -> Result<Scatterer, String> {
    let upper = text.trim().to_ascii_uppercase();
    match text.parse() {
        Ok(element) => Ok(Scatterer::Known(element)),
        Err(_) if UNKNOWN.contains(&&*upper) => Ok(Scatterer::Unknown),
        Err(_) if NO_ATOM.contains(&&*upper) => Ok(Scatterer::Nothing),
        Err(error) => Err(error.into()),
    }
}

/// Residues of which every atom is H, C, N, O, S or P, or Se: what proteins and nucleic acids are made of, under the names of the PDB and of
/// the programs that simulate their motion, and water.
const STANDARD: [&str; 81] = [
    "ALA", "ARG", "ASN", "ASP", "ASX", "CYS", "GLN", "GLU", "GLX", "GLY", "HIS", "ILE", "LEU", "LYS", "MET", "PHE",
    "PRO", "SER", "THR", "TRP", "TYR", "VAL", "MSE", "SEC", "CSE", "PYL", "UNK", "HID", "HIE", "HIP", "HSD", "HSE",
    "HSP", "CYX", "CYM", "ASH", "GLH", "LYN", "ACE", "NME", "NMA", "NH2", "FOR", "HYP", "PCA", "SEP", "TPO", "PTR",
    "CSO", "MLY", "A", "C", "G", "I", "T", "U", "DA", "DC", "DG", "DI", "DT", "DU", "RA", "RC", "RG", "RU", "ADE",
    "CYT", "GUA", "THY", "URA", "HOH", "WAT", "DOD", "H2O", "TIP", "TIP3", "TIP4", "TP3", "SOL", "SPC",
];
const WATER: [&str; 10] = ["HOH", "WAT", "DOD", "H2O", "TIP", "TIP3", "TIP4", "TP3", "SOL", "SPC"];

/// Ions by CHARMM's names.
const IONS: [(&str, &str); 8] = [
    ("SOD", "Na"),
    ("CLA", "Cl"),
    ("POT", "K"),
    ("CES", "Cs"),
    ("CAL", "Ca"),
    ("BAR", "Ba"),
    ("LIT", "Li"),
    ("RUB", "Rb"),
];

/// Symbols of two letters that begin a name only where the element is meant; `CA`, `HG` or `NE` may be places in a molecule, too.
const UNAMBIGUOUS: [&str; 29] = [
    "CL", "BR", "FE", "ZN", "MG", "MN", "CU", "NI", "SE", "SI", "AL", "LI", "BE", "TI", "AS", "GA", "GE", "RB", "MO",
    "RU", "RH", "AG", "AU", "IR", "RE", "LA", "EU", "GD", "XE",
];

pub(super) fn is_standard(residue: &str) -> bool {
    STANDARD.contains(&residue.to_ascii_uppercase().as_str())
}

fn is_water(residue: &str) -> bool {
    WATER.contains(&residue.to_ascii_uppercase().as_str())
}

/// Whether a symbol may be that of an atom in a residue.
pub(super) fn may_be_in(residue: &str, scatterer: Scatterer) -> bool {
    let Scatterer::Known(element) = scatterer else { return true };
    !is_standard(residue) || matches!(element.symbol(), "H" | "C" | "N" | "O" | "S" | "P" | "Se")
}

/// What an atom's name says in the four columns that PDB files have for it, where an element of one letter stands in the second, unless
/// the name is four characters long or the file begins all names in the first column.
pub(super) fn of_name(columns: &str, residue: &str, begins_in_first_column: bool) -> Result<Scatterer, String> {
    let name = columns.trim();
    let bare = name.trim_start_matches(|c: char| !c.is_ascii_alphabetic());
    let letters = &bare[..bare.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(bare.len())];
    let letters = letters.to_ascii_uppercase();
    let [one, two] = [1, 2].map(|n| letters.get(..n).unwrap_or(&letters));
    let element = |symbol: &str| symbol.parse().ok().map(Scatterer::Known);
    let found = if is_standard(residue) {
        of_standard(&letters, one, residue)
    } else if let Some((_, symbol)) =
        IONS.iter().find(|(ion, _)| bare.eq_ignore_ascii_case(ion) && residue.eq_ignore_ascii_case(ion))
    {
        element(symbol)
    } else if residue.trim_end_matches(|c: char| !c.is_ascii_alphabetic()).eq_ignore_ascii_case(&letters)
        && element(&letters).is_some()
    {
        // an ion is a residue of its own
        element(&letters)
    } else {
        let in_first = columns.starts_with(|c: char| c.is_ascii_alphabetic());
        let two_in_place = in_first && !begins_in_first_column && name.len() < 4;
        let is_two = two_in_place || UNAMBIGUOUS.contains(&two) && (in_first || columns.starts_with("  "));
        let is_hydrogen = name.len() == 4 && matches!(one, "H" | "D");
        let two = element(two).filter(|_| is_two && !is_hydrogen);
        two.or_else(|| element(one)).or_else(|| of_symbol(&letters).ok())
    };
    found.ok_or_else(|| {
        let shown: String = name.chars().take(8).collect();
        format!("no element is given (PDB: in columns 77-78), and the atom's name `{shown}` says none")
    })
}

fn of_standard(letters: &str, one: &str, residue: &str) -> Option<Scatterer> {
    if letters.starts_with("SE") && ["MSE", "SEC", "CSE"].iter().any(|known| residue.eq_ignore_ascii_case(known)) {
        return "Se".parse().ok().map(Scatterer::Known);
    }
    match one {
        "H" | "D" | "O" => one.parse().ok().map(Scatterer::Known),
        _ if is_water(residue) => Some(Scatterer::Nothing),
        "C" | "N" | "S" | "P" => one.parse().ok().map(Scatterer::Known),
        // GLX and ASX: oxygen or nitrogen
        "X" | "A" => Some(Scatterer::Unknown),
        // pseudo-atoms of NMR models
        "Q" | "M" => Some(Scatterer::Nothing),
        _ => None,
    }
}

/// The element that a label of core CIF begins with: `C12A`, `Fe1`, `SiA`, `WatOW`. The elements of the file's formula, where it has one,
/// tell `CA1` and `HO2`, which may be two letters of a symbol or one.
pub(super) fn of_label(label: &str, formula: &BTreeSet<Element>) -> Result<Scatterer, String> {
    let letters = label.find(|c: char| !c.is_ascii_alphabetic()).map_or(label, |end| &label[..end]);
    // water, in the American Mineralogist database
    if letters.get(..3).is_some_and(|start| start.eq_ignore_ascii_case("wat")) {
        return Ok(Scatterer::Known("O".parse()?));
    }
    // `CG1` may be a carbon atom, `Cg1` is the centre of a ring
    if letters != "CG" && NO_ATOM.contains(&&*letters.to_ascii_uppercase()) {
        return Ok(Scatterer::Nothing);
    }
    let element = |n: usize| letters.get(..n).and_then(|symbol| symbol.parse::<Element>().ok());
    let candidates: Vec<Element> = [element(2), element(1)].into_iter().flatten().collect();
    let in_formula = candidates.iter().find(|element| formula.contains(element));
    match in_formula.or(candidates.first()) {
        Some(element) => Ok(Scatterer::Known(*element)),
        None => of_symbol(letters).map_err(|what| {
            format!(
                "no type_symbol is given, and of the label, {what}; a column _atom_site_type_symbol tells the elements"
            )
        }),
    }
}

/// The elements of a chemical formula such as `C12 H22 O11` or `Ca.95 Na.05 Al1.95 Si2.05 O8`; none where a word is no element.
pub(super) fn of_formula(text: &str) -> BTreeSet<Element> {
    let words = text.split(|c: char| !c.is_ascii_alphabetic()).filter(|word| !word.is_empty());
    words.map(str::parse).collect::<Result<_, _>>().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(found: Result<Scatterer, String>) -> &'static str {
        match found {
            Ok(Scatterer::Known(element)) => element.symbol(),
            Ok(Scatterer::Unknown) => "unknown",
            Ok(Scatterer::Nothing) => "nothing",
            Err(_) => "refused",
        }
    }

    #[test]
    fn names_in_their_columns() {
        for (columns, residue, expected) in [
            (" CA ", "ALA", "C"),
            ("CA  ", " CA", "Ca"),
            ("CA  ", "ALA", "C"),
            ("SE  ", "MSE", "Se"),
            ("HG11", "VAL", "H"),
            ("DD22", "LEU", "H"),
            ("1HB ", "ALA", "H"),
            (" NE ", "ARG", "N"),
            ("ND2 ", "ASN", "N"),
            ("HG  ", "SER", "H"),
            ("HG  ", "HG", "Hg"),
            ("HG  ", "EMC", "Hg"),
            ("FE  ", "HEM", "Fe"),
            (" NA ", "HEM", "N"),
            ("CL1 ", "LIG", "Cl"),
            ("CL12", "LIG", "Cl"),
            ("C12A", "LIG", "C"),
            ("CAB1", "LIG", "C"),
            ("HN11", "LIG", "H"),
            ("PT1 ", "CPT", "Pt"),
            ("OH2 ", "TIP3", "O"),
            ("MW  ", "SOL", "nothing"),
            ("EPW ", "WAT", "nothing"),
            ("SOD ", "SOD", "Na"),
            ("CLA ", "CLA", "Cl"),
            ("CLA ", "LIG", "Cl"),
            ("FE2 ", "FE2", "Fe"),
            (" XE1", "GLX", "unknown"),
            (" AD1", "ASX", "unknown"),
            (" QB ", "ALA", "nothing"),
            ("K   ", "K", "K"),
            (" U  ", "IUM", "U"),
            ("  FE", "HEM", "Fe"),
            ("    ", "ALA", "refused"),
            ("*   ", "LIG", "refused"),
            ("ZZ1 ", "LIG", "refused"),
        ] {
            assert_eq!(shown(of_name(columns, residue.trim(), false)), expected, "{columns} of {residue}");
        }
    }

    #[test]
    fn names_that_all_begin_in_the_first_column() {
        for (columns, residue, expected) in [
            ("CA  ", "MET", "C"),
            ("CD  ", "LYS", "C"),
            ("HT1 ", "MET", "H"),
            ("CAA ", "LIG", "C"),
            ("NA  ", "HEM", "N"),
            ("FE  ", "HEM", "Fe"),
            ("CL1 ", "LIG", "Cl"),
            ("C1  ", "LIG", "C"),
            ("CA  ", "CA", "Ca"),
            ("ZN  ", "ZN2", "Zn"),
            ("I1  ", "LIG", "I"),
        ] {
            assert_eq!(shown(of_name(columns, residue, true)), expected, "{columns} of {residue}");
        }
    }

    #[test]
    fn labels_begin_with_the_symbol() {
        let none = BTreeSet::new();
        for (label, expected) in [
            ("C12A", "C"),
            ("Fe1", "Fe"),
            ("Ow2", "O"),
            ("OW", "O"),
            ("WatOW", "O"),
            ("Wat1", "O"),
            ("FeT", "Fe"),
            ("SiA", "Si"),
            ("BeA", "Be"),
            ("BrX", "Br"),
            ("ClX", "Cl"),
            ("NaM4", "Na"),
            ("MgM1", "Mg"),
            ("CaM2", "Ca"),
            ("NbII", "Nb"),
            ("PbA1", "Pb"),
            ("NiO", "Ni"),
            ("AlT1o", "Al"),
            ("KA", "K"),
            ("OH1", "O"),
            ("O-H", "O"),
            ("D1", "H"),
            ("CA1", "Ca"),
            ("Hw1", "H"),
            ("TiM1", "Ti"),
            ("X1", "unknown"),
            ("Du1", "nothing"),
            ("T1", "refused"),
            ("M2", "refused"),
            ("1", "refused"),
            ("", "refused"),
        ] {
            assert_eq!(shown(of_label(label, &none)), expected, "{label}");
        }
        let formula = of_formula("C12 H22 O11");
        for (label, expected) in [("CA1", "C"), ("HO2", "H"), ("OS1", "O"), ("Cu1", "C"), ("Na1", "Na")] {
            assert_eq!(shown(of_label(label, &formula)), expected, "{label}");
        }
        assert_eq!(of_formula("Ca.95 Na.05 Al1.95 Si2.05 O8").len(), 5);
        assert_eq!(of_formula("'C10 H8', 2(H2 O)").len(), 3);
        assert!(of_formula("C10 Xy2").is_empty() && of_formula("").is_empty());
    }

    #[test]
    fn symbols_of_all_kinds() {
        for (text, expected) in
            [("Fe3+", "Fe"), ("O2-", "O"), ("D", "H"), ("X", "unknown"), ("LP", "nothing"), ("Es", "refused")]
        {
            assert_eq!(shown(of_symbol(text)), expected, "{text}");
        }
    }
}
