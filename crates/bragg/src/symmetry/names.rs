//! From what people write to settings of space groups.

use super::settings::{N_TABULATED, SETTINGS, Setting};
use std::collections::HashMap;
use std::sync::LazyLock;

/// Longer texts are no names.
pub(super) const MAX_LENGTH: usize = 200;

/// So many names are offered in place of an unknown one.
const N_OFFERED: usize = 3;

/// A spelling of a name without its blanks: the index of the setting, and where the blanks were.
type Spelling = (usize, Vec<usize>);

/// Spellings of every setting, by their letters without blanks.
static SPELLINGS: LazyLock<HashMap<String, Vec<Spelling>>> = LazyLock::new(|| {
    let mut spellings: HashMap<String, Vec<Spelling>> = HashMap::new();
    for (index, setting) in SETTINGS.iter().enumerate() {
        for spelling in spellings_of(setting) {
            let (key, gaps) = squeeze(&spelling);
            let known = spellings.entry(key).or_default();
            if !known.contains(&(index, gaps.clone())) {
                known.push((index, gaps));
            }
        }
    }
    spellings
});

/// The Hermann-Mauguin name without the 1s of a monoclinic setting.
pub(super) fn without_ones(name: &str) -> String {
    name.split(' ').filter(|word| *word != "1").collect::<Vec<_>>().join(" ")
}

fn is_monoclinic(number: u8) -> bool {
    (3..=15).contains(&number)
}

/// Every way of writing a setting's name that is in use, with blanks.
fn spellings_of(setting: &Setting) -> Vec<String> {
    let mut spellings = vec![setting.name.to_owned(), setting.full.to_owned()];
    if !setting.with_e.is_empty() {
        spellings.push(setting.with_e.to_owned());
    }
    if is_monoclinic(setting.number) {
        spellings.push(without_ones(setting.name));
    }
    if matches!(setting.number, 200..=206 | 221..=230) {
        // Before 1992: P m 3 m.
        spellings.push(setting.name.replace("-3", "3"));
    }
    if setting.code == "H" {
        // The Protein Data Bank's: H 3 2.
        let hexagonal: Vec<String> = spellings.iter().map(|name| name.replacen('R', "H", 1)).collect();
        spellings.extend(hexagonal);
    }
    spellings
}

/// A name's letters in lower case without blanks, and where the blanks were. Underscores, parentheses (`P4(3)2(1)2`), bars over digits
/// and lowered digits are written as the tables here write them.
fn squeeze(text: &str) -> (String, Vec<usize>) {
    let mut key: Vec<char> = Vec::new();
    let mut gaps = Vec::new();
    for c in text.chars().flat_map(char::to_lowercase) {
        match c {
            '_' | '(' | ')' | '{' | '}' | '$' | '\\' => {}
            '\u{0304}' | '\u{0305}' if !key.is_empty() => key.insert(key.len() - 1, '-'),
            '\u{2010}'..='\u{2013}' | '\u{2212}' => key.push('-'),
            '₁' | '₂' | '₃' | '₄' | '₅' | '₆' => key.extend(char::from_digit(c as u32 - '₀' as u32, 10)),
            c if c.is_whitespace() => gaps.push(key.len()),
            c => key.push(c),
        }
    }
    // A blank beside a stroke (`P 21 / c`) and one at either end part nothing.
    let parts = |gap: &usize| *gap > 0 && *gap < key.len() && key[*gap] != '/' && key[*gap - 1] != '/';
    gaps.retain(parts);
    gaps.dedup();
    (key.into_iter().collect(), gaps)
}

/// A name and what follows it after a colon, or after a blank as crystal-structure databases write it: `R -3 m:H`, `R -3 m H`,
/// `F d -3 m Z` (origin choice 2), `S` (origin choice 1).
fn split_extension(text: &str) -> (&str, String) {
    let (name, extension) = match text.rsplit_once(':') {
        Some((name, extension)) => (name, extension),
        None => match text.char_indices().next_back() {
            Some((last, 'h' | 'H' | 'r' | 'R' | 's' | 'S' | 'z' | 'Z')) if !text[..last].trim().is_empty() => {
                text.split_at(last)
            }
            _ => (text, ""),
        },
    };
    let extension = match extension.trim().to_ascii_lowercase().as_str() {
        "s" => "1".to_owned(),
        "z" => "2".to_owned(),
        other => other.to_owned(),
    };
    (name.trim(), extension)
}

/// Indices of the settings that a list of candidates and an extension leave, the one that is usually meant first: those of the
/// International Tables before others, origin choice 2 before 1, hexagonal axes before rhombohedral ones.
fn choose(mut candidates: Vec<usize>, extension: &str) -> Vec<usize> {
    candidates.retain(|&index| {
        let setting = &SETTINGS[index];
        extension.is_empty()
            || setting.extension().eq_ignore_ascii_case(extension)
            || setting.code.eq_ignore_ascii_case(extension)
    });
    candidates.sort_by_key(|&index| (index >= N_TABULATED, index));
    candidates.dedup();
    candidates.sort_by_key(|&index| (index >= N_TABULATED, SETTINGS[index].extension() == "1"));
    // `C 2` is never No. 3 in the C-centred cell that CCP4 knows.
    let number = candidates.first().map(|&index| SETTINGS[index].number);
    candidates.retain(|&index| Some(SETTINGS[index].number) == number);
    candidates
}

/// The settings that a Hermann-Mauguin name or a number may mean, the likeliest first. With `strict`, blanks in the text must stand
/// where the name has them.
pub(super) fn settings_named(text: &str, strict: bool) -> Vec<usize> {
    let (name, extension) = split_extension(text);
    if let Ok(number) = name.parse::<u8>() {
        let of_number = |(index, setting): (usize, &Setting)| (setting.number == number).then_some(index);
        let listed = SETTINGS.iter().enumerate().take(N_TABULATED).filter_map(of_number).collect();
        return choose(listed, &extension);
    }
    let (key, gaps) = squeeze(name);
    let Some(known) = SPELLINGS.get(&key) else { return Vec::new() };
    let fits = |places: &[usize]| !strict || gaps.iter().all(|gap| places.contains(gap));
    choose(known.iter().filter(|(_, places)| fits(places)).map(|(index, _)| *index).collect(), &extension)
}

/// The setting whose Hall symbol this is, whatever its blanks and capitals.
pub(super) fn setting_with_hall(text: &str) -> Option<usize> {
    let plain = |symbol: &str| {
        symbol.replace('=', "\"").split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase().replace("( ", "(")
    };
    let wanted = plain(text);
    SETTINGS.iter().position(|setting| plain(setting.hall) == wanted)
}

/// Names of entries of the Protein Data Bank that are in no table, and what they mean.
const OTHER_NAMES: [(&str, &str); 2] = [("c4212", "C 4 2 2"), ("a1211", "A 1 2 1 (x,y,z+1/4)")];

/// Another spelling of a name that means no setting: one of [`OTHER_NAMES`], or the name with its bars before the digits (`P 1-`, `F d 3- m`).
pub(super) fn other_spelling(text: &str) -> Option<String> {
    let (key, _) = squeeze(text);
    if let Some((_, other)) = OTHER_NAMES.iter().find(|(name, _)| *name == key) {
        return Some((*other).to_owned());
    }
    let turned = |word: &str| match word.strip_suffix('-') {
        Some(digit) if digit.len() == 1 && digit.bytes().all(|byte| byte.is_ascii_digit()) => format!("-{digit}"),
        _ => word.to_owned(),
    };
    let words: Vec<String> = text.split_whitespace().map(turned).collect();
    let other = words.join(" ");
    (other != text.split_whitespace().collect::<Vec<_>>().join(" ")).then_some(other)
}

/// The names nearest to an unknown one, as a list for a message.
pub(super) fn nearest(text: &str) -> String {
    let (name, _) = split_extension(text);
    let (key, _) = squeeze(&name.chars().take(MAX_LENGTH).collect::<String>());
    let distance = |setting: &Setting| {
        let spellings = spellings_of(setting);
        spellings.iter().map(|spelling| strsim::damerau_levenshtein(&squeeze(spelling).0, &key)).min().unwrap_or(0)
    };
    let mut all: Vec<(usize, &str)> = SETTINGS.iter().map(|setting| (distance(setting), setting.name)).collect();
    all.sort_by_key(|(distance, _)| *distance);
    let mut names: Vec<&str> = Vec::new();
    for (_, name) in all {
        if !names.contains(&name) && names.len() < N_OFFERED {
            names.push(name);
        }
    }
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_in_the_tables_means_one_number() {
        for (key, known) in SPELLINGS.iter() {
            let tabulated = known.iter().filter(|(index, _)| *index < N_TABULATED);
            let numbers: std::collections::HashSet<u8> = tabulated.map(|(index, _)| SETTINGS[*index].number).collect();
            assert!(numbers.len() <= 1, "{key}: {numbers:?}");
        }
    }

    #[test]
    fn typography_is_seen_through() {
        assert_eq!(squeeze("P 4(3) 2(1) 2"), squeeze("p 43 21 2"));
        assert_eq!(squeeze("P 4_3 2_1 2"), squeeze("P 43 21 2"));
        assert_eq!(squeeze("P4₃2₁2"), squeeze("P43212"));
        assert_eq!(squeeze("P 1\u{0305}"), squeeze("P -1"));
        assert_eq!(squeeze("F d \u{2212}3 m"), squeeze("F d -3 m"));
        assert_eq!(squeeze("P 1 21 / c 1"), squeeze("P 1 21/c 1"));
    }

    #[test]
    fn extensions_are_told_from_names() {
        assert_eq!(split_extension("R 3 2:H"), ("R 3 2", "h".to_owned()));
        assert_eq!(split_extension("R -3 m R"), ("R -3 m", "r".to_owned()));
        assert_eq!(split_extension("Fd-3mZ"), ("Fd-3m", "2".to_owned()));
        assert_eq!(split_extension("R 3 2"), ("R 3 2", String::new()));
        assert_eq!(split_extension("H"), ("H", String::new()));
    }
}
