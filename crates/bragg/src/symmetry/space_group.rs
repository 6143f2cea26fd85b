//! Space groups by name, number or Hall symbol.

use super::basis::Affine;
use super::names::{self, MAX_LENGTH, nearest, setting_with_hall, settings_named};
use super::settings::{N_TABULATED, SETTINGS, Setting};
use super::{Operator, find_group, hall, is_absent, refused};
use crate::error::Error;
use crate::miller::Miller;
use std::collections::{HashMap, HashSet};
use std::fmt;
use std::str::FromStr;
use std::sync::OnceLock;

/// The seven crystal systems (International Tables A, 2016, section 1.3.4.2.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names say it")]
pub enum CrystalSystem {
    Triclinic,
    Monoclinic,
    Orthorhombic,
    Tetragonal,
    Trigonal,
    Hexagonal,
    Cubic,
}

impl CrystalSystem {
    /// The system of a space group by its number, from 1 to 230.
    fn of_number(number: u8) -> Self {
        match number {
            ..=2 => Self::Triclinic,
            3..=15 => Self::Monoclinic,
            16..=74 => Self::Orthorhombic,
            75..=142 => Self::Tetragonal,
            143..=167 => Self::Trigonal,
            168..=194 => Self::Hexagonal,
            195.. => Self::Cubic,
        }
    }
}

impl fmt::Display for CrystalSystem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&format!("{self:?}").to_lowercase())
    }
}

/// A space group in a setting: its names and its operators.
#[derive(Debug, Clone, PartialEq)]
pub struct SpaceGroup {
    /// The number in the International Tables, from 1 to 230.
    pub number: u8,
    /// The name with a place for each direction and what tells the setting: `P 43 21 2`, `P 1 21/c 1`, `R 3 2:H`, `F d -3 m:2`,
    /// `P 1 2 1 (a,b,c;1/4,0,0)`. [`Self::parse`] reads it back.
    pub name: String,
    /// The short Hermann-Mauguin name: `P 21/c`, `R 3 2`, `F d -3 m`. Of monoclinic settings only those with unique axis b
    /// that the International Tables list are shortened.
    pub short: String,
    /// The full Hermann-Mauguin name: `P 1 21/c 1`, `R 3 2`, `F 41/d -3 2/m`.
    pub full: String,
    /// The Hall symbol: `P 4nw 2abw`.
    pub hall: String,
    /// Every operator, those of the centring included, modulo whole cells; the identity first.
    pub operators: Vec<Operator>,
    /// The crystal system.
    pub system: CrystalSystem,
}

/// Pairs of mirror images: a change of hand takes one to the other.
const ENANTIOMORPHS: [(u8, u8); 11] = [
    (76, 78),
    (91, 95),
    (92, 96),
    (144, 145),
    (151, 153),
    (152, 154),
    (169, 170),
    (171, 172),
    (178, 179),
    (180, 181),
    (212, 213),
];

/// The operators of a row of the table, worked out once.
fn operators_of(index: usize) -> &'static [Operator] {
    static OPERATORS: [OnceLock<Vec<Operator>>; SETTINGS.len()] = [const { OnceLock::new() }; SETTINGS.len()];
    OPERATORS[index].get_or_init(|| hall::decode(SETTINGS[index].hall).unwrap_or_default())
}

fn name_of(setting: &Setting) -> String {
    match setting.extension() {
        "" => setting.name.to_owned(),
        extension => format!("{}:{extension}", setting.name),
    }
}

impl SpaceGroup {
    /// A space group from any usual spelling: a number from 1 to 230 or a Hermann-Mauguin name, with or without blanks, in capitals or
    /// not, short or full, with or without an extension (`R 3 2:H`, `H32`, `F d -3 m Z`), in any of the settings that the International
    /// Tables list, with a change of basis behind it (`P 1 2 1 (a,c,b)`, in the notation of the International Tables A, 2016, section 1.5.1,
    /// or with x, y, z as Hall symbols have it); the Hall symbol of a listed setting, or any after `Hall:`.
    ///
    /// Where a name leaves the setting open, it is the one of the International Tables' reference: unique axis b, origin choice
    /// 2, hexagonal axes. [`Self::parse_for_cell`] looks at the cell, too.
    ///
    /// # Errors
    /// The text is no space group; the message has the nearest names.
    pub fn parse(text: &str) -> crate::Result<Self> {
        Self::named(text).map_err(refused)
    }

    fn named(text: &str) -> Result<Self, String> {
        let meanings = Self::meanings(text)?;
        meanings.into_iter().next().ok_or_else(|| unknown(text))
    }

    /// As [`Self::parse`], but of the settings that a name leaves open the first that a cell (a, b, c in Å, α, β, γ in deg) fits.
    ///
    /// # Errors
    /// What [`Self::parse`] and [`Self::fits`] refuse.
    pub fn parse_for_cell(text: &str, cell: [f64; 6]) -> crate::Result<Self> {
        let meanings = Self::meanings(text).map_err(refused)?;
        if let Some(fitting) = meanings.iter().find(|group| group.fits(cell).is_ok()) {
            return Ok(fitting.clone());
        }
        let first = meanings.into_iter().next().ok_or_else(|| refused(unknown(text)))?;
        first.fits(cell)?;
        Ok(first)
    }

    /// Everything that a text may mean, the likeliest first.
    fn meanings(text: &str) -> Result<Vec<Self>, String> {
        let text = text.trim().trim_matches(['\'', '\u{2018}', '\u{2019}']).trim();
        if text.is_empty() || text.len() > MAX_LENGTH {
            return Err(unknown(text));
        }
        if let Some(symbol) = text.get(..5).filter(|start| start.eq_ignore_ascii_case("hall:")).map(|_| &text[5..]) {
            return Ok(vec![Self::of_hall(symbol)?]);
        }
        if let Some((name, change)) = text.strip_suffix(')').and_then(|text| text.rsplit_once('('))
            && change.contains(',')
        {
            return Self::changed(name, change);
        }
        let exact = settings_named(text, true);
        if !exact.is_empty() {
            return Ok(exact.into_iter().map(Self::listed).collect());
        }
        let loose = settings_named(text, false);
        if loose.is_empty()
            && let Some(other) = names::other_spelling(text)
        {
            return Self::meanings(&other);
        }
        match (setting_with_hall(text), loose.first()) {
            (Some(hall), Some(&name)) if SETTINGS[hall].number != SETTINGS[name].number => Err(format!(
                "`{text}` may be the Hermann-Mauguin name {} or the Hall symbol of {}: write it without a blank too many, or \
                 `Hall: {text}`",
                SETTINGS[name].name, SETTINGS[hall].name
            )),
            (Some(hall), None) => Ok(vec![Self::listed(hall)]),
            _ if !loose.is_empty() => Ok(loose.into_iter().map(Self::listed).collect()),
            _ => Err(unknown(text)),
        }
    }

    /// A space group by its number, from 1 to 230, in the reference setting of the International Tables: unique axis b, origin choice 2,
    /// hexagonal axes.
    ///
    /// # Errors
    /// Another number.
    pub fn from_number(number: u8) -> crate::Result<Self> {
        Self::parse(&number.to_string())
    }

    /// A space group from any Hall symbol, in any setting.
    ///
    /// # Errors
    /// Something in the symbol cannot be read; the message says what.
    pub fn from_hall(symbol: &str) -> crate::Result<Self> {
        Self::of_hall(symbol).map_err(refused)
    }

    fn of_hall(symbol: &str) -> Result<Self, String> {
        let symbol = symbol.trim();
        if let Some(index) = setting_with_hall(symbol) {
            return Ok(Self::listed(index));
        }
        let refuse = |what| format!("`{}` is not a Hall symbol such as `P 4nw 2abw`: {what}", shortened(symbol));
        let (stem, change) = hall::split(symbol).map_err(refuse)?;
        let operators = hall::decode(symbol).map_err(refuse)?;
        if let Ok(group) = Self::of_operators(&operators) {
            return Ok(Self { operators, ..group });
        }
        match change {
            Some(change) => Self::of_hall(stem)?.after(&change).map_err(refuse),
            None => Err(refuse("it describes a space group in a cell or with axes that have no name here".into())),
        }
    }

    /// The space group that a list of operators makes up: one of the listed settings, or one of them with its origin shifted by
    /// multiples of 1/24 of the cell.
    ///
    /// # Errors
    /// Operators that are not a group, or a group in a cell that has no name here.
    pub fn from_operators(operators: &[Operator]) -> crate::Result<Self> {
        Self::of_operators(operators).map_err(refused)
    }

    fn of_operators(operators: &[Operator]) -> Result<Self, String> {
        find_group(operators)?;
        let wanted: HashSet<Operator> = operators.iter().map(|operator| operator.after(&Operator::IDENTITY)).collect();
        let rotations: HashSet<_> = wanted.iter().map(|operator| operator.rotation).collect();
        let same_class = |index: &usize| {
            let listed = operators_of(*index);
            listed.len() == wanted.len() && listed.iter().all(|operator| rotations.contains(&operator.rotation))
        };
        let candidates: Vec<usize> = (0..SETTINGS.len()).filter(same_class).collect();
        let found = candidates.iter().find(|index| operators_of(**index).iter().all(|o| wanted.contains(o)));
        if let Some(&index) = found {
            return Ok(Self { operators: operators.to_vec(), ..Self::listed(index) });
        }
        for index in candidates {
            if let Some(origin) = origin_of(operators_of(index), &wanted) {
                let shift = Affine::shift(origin.map(|p| -f64::from(p) / f64::from(Operator::DENOMINATOR)));
                return Ok(Self { operators: operators.to_vec(), ..Self::listed(index).after(&shift)? });
            }
        }
        let list: Vec<String> = operators.iter().take(4).map(ToString::to_string).collect();
        Err(format!(
            "the {} symmetry operators ({}, ...) are a group, but in none of the cells that the International Tables list",
            operators.len(),
            list.join("; ")
        ))
    }

    /// Every listed setting, by number.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..SETTINGS.len()).map(Self::listed)
    }

    /// A row of the table.
    fn listed(index: usize) -> Self {
        let setting = &SETTINGS[index];
        let shortened = names::without_ones(setting.name);
        let unique_b = setting.name.split(' ').nth(1) == Some("1") && setting.name.ends_with(" 1");
        let shortens = unique_b && (3..=15).contains(&setting.number) && index < N_TABULATED;
        let short = if shortens { shortened } else { setting.name.to_owned() };
        Self {
            number: setting.number,
            name: name_of(setting),
            short,
            full: setting.full.to_owned(),
            hall: setting.hall.to_owned(),
            operators: operators_of(index).to_vec(),
            system: CrystalSystem::of_number(setting.number),
        }
    }

    /// What a name means with a change of basis behind it.
    fn changed(name: &str, change: &str) -> Result<Vec<Self>, String> {
        let lower = change.to_lowercase();
        let parsed = if lower.contains('x') { Affine::from_xyz(&lower) } else { Affine::from_abc(&lower) };
        let refuse = |what| format!("`{}({})` cannot be understood: {what}", shortened(name), shortened(change));
        let parsed = parsed.map_err(refuse)?;
        let groups = Self::meanings(name)?.into_iter().map(|group| group.after(&parsed));
        groups.collect::<Result<_, _>>().map_err(refuse)
    }

    /// This group in other coordinates; under its listed name where it has one.
    fn after(&self, change: &Affine) -> Result<Self, String> {
        let operators = change.transform(&self.operators)?;
        let wanted: HashSet<&Operator> = operators.iter().collect();
        let same = |index: &usize| {
            let listed = operators_of(*index);
            listed.len() == wanted.len() && listed.iter().all(|operator| wanted.contains(operator))
        };
        if let Some(index) = (0..SETTINGS.len()).find(same) {
            return Ok(Self::listed(index));
        }
        let (stem, first) = hall::split(&self.hall)?;
        let total = first.map_or(*change, |first| change.after(&first));
        let mirrored = ENANTIOMORPHS.iter().find_map(|&(one, other)| match self.number {
            number if number == one => Some(other),
            number if number == other => Some(one),
            _ => None,
        });
        Ok(Self {
            number: mirrored.filter(|_| change.changes_hand()).unwrap_or(self.number),
            name: format!("{} ({change})", self.name),
            short: format!("{} ({change})", self.short),
            full: format!("{} ({change})", self.full),
            hall: format!("{} ({total})", stem.trim()),
            operators,
            system: self.system,
        })
    }

    /// Whether a reflection vanishes by centring, glide planes or screw axes ([`is_absent`]).
    #[must_use]
    pub fn is_absent(&self, hkl: Miller) -> bool {
        is_absent(hkl, &self.operators)
    }

    /// The multiplicity ε of a reflection: how many rotations of the point group leave it in place (hR = h). The mean intensity of
    /// such reflections is ε times that of general ones (International Tables B, 2010, section 2.1.3). Centring does not count.
    #[must_use]
    pub fn epsilon(&self, hkl: Miller) -> usize {
        self.rotations().iter().filter(|rotation| rotation.apply_to_miller(hkl) == hkl).count()
    }

    /// Whether symmetry restricts the phase of a reflection to two values: some operator takes it to its Friedel mate (hR = −h).
    #[must_use]
    pub fn is_centric(&self, hkl: Miller) -> bool {
        let opposite = hkl.map(i32::wrapping_neg);
        self.operators.iter().any(|operator| operator.apply_to_miller(hkl) == opposite)
    }

    /// The point group's operators, each once.
    pub(super) fn rotations(&self) -> Vec<Operator> {
        let mut seen = HashSet::new();
        let bare = self.operators.iter().map(|operator| Operator { translation: [0; 3], ..*operator });
        bare.filter(|operator| seen.insert(operator.rotation)).collect()
    }
}

impl FromStr for SpaceGroup {
    type Err = Error;

    fn from_str(text: &str) -> crate::Result<Self> {
        Self::parse(text)
    }
}

impl fmt::Display for SpaceGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

/// The origin p (1/24 of the cell) that takes one group to another with the same rotations: t' = t + R·p − p.
fn origin_of(listed: &[Operator], wanted: &HashSet<Operator>) -> Option<[i32; 3]> {
    // of each rotation, t and (R − 1)·p of the listed group, and which t' are wanted
    let place = |t: [i32; 3]| {
        let [x, y, z] = t.map(|shift| shift.rem_euclid(Operator::DENOMINATOR) as usize);
        (x * 24 + y) * 24 + z
    };
    let mut translations: HashMap<[[i32; 3]; 3], Vec<bool>> = HashMap::new();
    for operator in wanted {
        translations.entry(operator.rotation).or_insert_with(|| vec![false; 24 * 24 * 24])
            [place(operator.translation)] = true;
    }
    let pairs: Vec<(&Operator, &Vec<bool>)> =
        listed.iter().map(|operator| Some((operator, translations.get(&operator.rotation)?))).collect::<Option<_>>()?;
    let steps = 0..Operator::DENOMINATOR;
    let origins = steps.clone().flat_map(|x| steps.clone().flat_map(move |y| (0..24).map(move |z| [x, y, z])));
    origins.into_iter().find(|p| {
        pairs.iter().all(|(operator, is_wanted)| {
            let moved = |i: usize| (0..3).map(|j| operator.rotation[i][j] * p[j]).sum::<i32>() - p[i];
            is_wanted[place([0, 1, 2].map(|i| operator.translation[i] + moved(i)))]
        })
    })
}

/// The start of a text, for a message.
fn shortened(text: &str) -> String {
    if text.chars().count() > 60 { text.chars().take(57).collect::<String>() + "..." } else { text.to_owned() }
}

fn unknown(text: &str) -> String {
    let allowed = "a number from 1 to 230, a Hermann-Mauguin name such as `P 43 21 2`, or a Hall symbol such as `Hall: P 4nw 2abw`";
    if text.trim().is_empty() {
        return format!("the name of the space group is empty; it must be {allowed}");
    }
    if text.len() > MAX_LENGTH || text.trim().parse::<i64>().is_ok() {
        return format!("`{}` is not a space group; it must be {allowed}", shortened(text));
    }
    format!(
        "`{}` is not a space group known here; the nearest are {}. It must be {allowed}",
        shortened(text),
        nearest(text)
    )
}
