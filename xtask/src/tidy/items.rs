//! Functions, modules and test code of a Rust file.

use super::source::{RustSource, leading_ident};
use std::ops::Range;

/// An item and where it stands, in bytes.
pub(super) struct Item {
    pub(super) name: String,
    pub(super) span: Range<usize>,
}

/// The functions that have a body.
pub(super) fn functions(source: &RustSource<'_>) -> Vec<Item> {
    items(source, "fn")
}

/// The modules written out in the file.
pub(super) fn inline_modules(source: &RustSource<'_>) -> Vec<Item> {
    items(source, "mod")
}

fn items(source: &RustSource<'_>, keyword: &str) -> Vec<Item> {
    source
        .words(keyword)
        .filter_map(|start| {
            let name = leading_ident(&source.code[start + keyword.len()..]);
            let open = source.head_end(start)?;
            let has_body = !name.is_empty() && source.code.as_bytes()[open] == b'{';
            has_body.then(|| Item { name: name.to_owned(), span: start..source.past_closing(open) })
        })
        .collect()
}

/// The parts of a file that exist only in tests.
pub(super) fn test_code(source: &RustSource<'_>) -> Vec<Range<usize>> {
    if source.path.split('/').any(|part| part == "tests" || part == "tests.rs") {
        return std::iter::once(0..source.text.len()).collect();
    }
    let attribute = "#[cfg(test)]";
    let starts = source.code.match_indices(attribute).map(|(start, _)| start);
    starts
        .map(|start| {
            let end = match source.head_end(start + attribute.len()) {
                Some(end) if source.code.as_bytes()[end] == b'{' => source.past_closing(end),
                Some(end) => end + 1,
                None => source.code.len(),
            };
            start..end
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "
pub fn one<F: Fn([u8; 3]) -> u8>(f: F) -> fn(u8) -> u8 {
    if true { \"}\"; }
}
trait T { fn two(&self); fn three(&self) {} }
#[cfg(test)]
mod tests {
    use super::*;
    fn four() {}
}
fn five() {}
";

    #[test]
    fn functions_have_names_and_ends() {
        let source = RustSource::new("a.rs", TEXT);
        let found: Vec<_> = functions(&source)
            .iter()
            .map(|item| (item.name.clone(), source.line_of(item.span.start), source.line_of(item.span.end)))
            .collect();
        let expected = [("one", 2, 4), ("three", 5, 5), ("four", 9, 9), ("five", 11, 11)];
        assert_eq!(found, expected.map(|(name, first, last)| (name.to_owned(), first, last)));
    }

    #[test]
    fn test_code_is_the_item_after_the_attribute() {
        let source = RustSource::new("a.rs", TEXT);
        let regions = test_code(&source);
        assert_eq!(regions.len(), 1);
        assert!(regions[0].contains(&TEXT.find("four").unwrap()));
        assert!(!regions[0].contains(&TEXT.find("five").unwrap()));
        assert_eq!(test_code(&RustSource::new("crates/a/tests/b.rs", TEXT))[0], 0..TEXT.len());
    }
}
