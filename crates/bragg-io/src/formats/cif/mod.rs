//! The syntax of CIF (Hall, Allen & Brown, Acta Cryst. A47 (1991) 655-685): the items and loops of data blocks.

pub(crate) mod crystal;

use std::borrow::Cow;
use std::collections::HashMap;

/// What is wrong, and the line where it is known.
pub(crate) type Refusal = (Option<usize>, String);

/// A value with its line; quotes are taken off.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Value<'a> {
    pub(crate) text: &'a str,
    pub(crate) line: usize,
    quoted: bool,
}

impl<'a> Value<'a> {
    /// The text, unless it is the mark for an unknown (`?`) or inapplicable (`.`) value.
    pub(crate) fn known(self) -> Option<&'a str> {
        if !self.quoted && matches!(self.text, "?" | ".") { None } else { Some(self.text) }
    }
}

/// A loop: its tags as in [`Block::item`], its values row by row.
#[derive(Debug, Clone, Default)]
pub(crate) struct Loop<'a> {
    pub(crate) tags: Vec<String>,
    pub(crate) values: Vec<Value<'a>>,
}

impl<'a> Loop<'a> {
    pub(crate) fn rows(&self) -> std::slice::ChunksExact<'_, Value<'a>> {
        self.values.chunks_exact(self.tags.len().max(1))
    }

    pub(crate) fn column(&self, tag: &str) -> Option<usize> {
        self.tags.iter().position(|other| other == tag)
    }
}

/// Where the rows of a loop have a value, if anywhere.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Column(Option<usize>);

impl Column {
    pub(crate) fn is_nowhere(self) -> bool {
        self.0.is_none()
    }

    pub(crate) fn of(table: &Loop, tag: &str) -> Self {
        Self(table.column(tag))
    }

    pub(crate) fn known<'a>(self, row: &[Value<'a>]) -> Option<&'a str> {
        row.get(self.0?)?.known()
    }
}

/// A data block.
#[derive(Debug, Default)]
pub(crate) struct Block<'a> {
    /// What stands behind `data_`.
    pub(crate) name: &'a str,
    items: HashMap<String, Value<'a>>,
    pub(crate) loops: Vec<Loop<'a>>,
}

impl<'a> Block<'a> {
    /// The value of a tag, in lower case and with `_` for `.`; a loop's first value where a loop has it.
    pub(crate) fn item(&self, tag: &str) -> Option<Value<'a>> {
        self.items.get(tag).copied().or_else(|| {
            let (found, column) = self.loops.iter().find_map(|one| one.column(tag).map(|column| (one, column)))?;
            found.values.get(column).copied()
        })
    }

    /// Whether it lists atoms.
    pub(crate) fn has_atoms(&self) -> bool {
        self.table("_atom_site_", &["cartn_x", "fract_x"]).is_some()
    }

    /// The rows of a category, found by any of some tags behind its name: a loop, or its items outside loops as the only row.
    pub(crate) fn table(&self, category: &str, tags: &[&str]) -> Option<Cow<'_, Loop<'a>>> {
        let tags: Vec<String> = tags.iter().map(|tag| format!("{category}{tag}")).collect();
        if let Some(found) = tags.iter().find_map(|tag| self.loop_with(tag)) {
            return Some(Cow::Borrowed(found));
        }
        tags.iter().find(|tag| self.items.contains_key(*tag))?;
        let mut row: Vec<(&String, &Value)> = self.items.iter().filter(|(tag, _)| tag.starts_with(category)).collect();
        row.sort_by_key(|(tag, value)| (value.line, *tag));
        let (tags, values) = row.into_iter().map(|(tag, value)| (tag.clone(), *value)).unzip();
        Some(Cow::Owned(Loop { tags, values }))
    }

    pub(crate) fn loop_with(&self, tag: &str) -> Option<&Loop<'a>> {
        self.loops.iter().find(|one| one.column(tag).is_some())
    }
}

/// Whether a text begins as CIF does: with a data block, but for blank lines and comments.
pub(crate) fn is_cif(text: &str) -> bool {
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.next().is_some_and(|line| line.get(..5).is_some_and(|start| start.eq_ignore_ascii_case("data_")))
}

/// Reads up to so many data blocks.
///
/// # Errors
/// The line and what is wrong there.
pub(crate) fn parse_blocks(text: &str, max_blocks: usize) -> Result<Vec<Block<'_>>, (usize, String)> {
    let mut blocks = Vec::new();
    let mut block = Block::default();
    let mut tag: Option<(String, usize)> = None;
    let mut open: Option<Loop> = None;
    let mut n_blocks = 0;
    let mut words = Words { rest: text, line: 1, at_start: true };
    while let Some(value) = words.next()? {
        let lower = |text: &str| text.to_ascii_lowercase().replace('.', "_");
        let starts =
            |word: &str| !value.quoted && value.text.get(..word.len()).is_some_and(|s| s.eq_ignore_ascii_case(word));
        if (starts("data_") || starts("loop_") || (!value.quoted && value.text.starts_with('_')))
            && let Some((tag, line)) = &tag
        {
            return Err((*line, format!("the item {tag} has no value")));
        }
        if starts("data_") {
            close(&mut open, &mut block, value.line)?;
            if n_blocks > 0 {
                blocks.push(std::mem::take(&mut block));
            }
            if n_blocks == max_blocks {
                return Ok(blocks);
            }
            n_blocks += 1;
            block.name = &value.text["data_".len()..];
        } else if starts("loop_") {
            close(&mut open, &mut block, value.line)?;
            open = Some(Loop::default());
        } else if !value.quoted && value.text.starts_with('_') {
            match &mut open {
                Some(open) if open.values.is_empty() => open.tags.push(lower(value.text)),
                _ => {
                    close(&mut open, &mut block, value.line)?;
                    tag = Some((lower(value.text), value.line));
                }
            }
        } else if let Some((tag, _)) = tag.take() {
            block.items.insert(tag, value);
        } else if let Some(open) = &mut open {
            open.values.push(value);
        } else {
            let shown: String = value.text.chars().take(30).collect();
            return Err((value.line, format!("`{shown}` stands where a tag, loop_ or data_ is expected")));
        }
    }
    close(&mut open, &mut block, words.line)?;
    blocks.push(block);
    Ok(blocks)
}

fn close<'a>(open: &mut Option<Loop<'a>>, block: &mut Block<'a>, line: usize) -> Result<(), (usize, String)> {
    if let Some(done) = open.take() {
        let (n_tags, n_values) = (done.tags.len(), done.values.len());
        if n_tags == 0 || n_values % n_tags != 0 {
            let first = done.tags.first().map_or("", String::as_str);
            return Err((
                line,
                format!("the loop of {first} has {n_values} values, which do not fill rows of {n_tags}"),
            ));
        }
        block.loops.push(done);
    }
    Ok(())
}

struct Words<'a> {
    rest: &'a str,
    line: usize,
    at_start: bool,
}

impl<'a> Words<'a> {
    fn next(&mut self) -> Result<Option<Value<'a>>, (usize, String)> {
        loop {
            let Some(first) = self.rest.chars().next() else { return Ok(None) };
            let line = self.line;
            if self.at_start && first == ';' {
                let end =
                    self.rest.find("\n;").ok_or_else(|| (line, "a text field is not closed by `;`".to_owned()))?;
                let text = self.rest[1..end.max(1)].trim();
                self.line += self.rest[..=end].matches('\n').count();
                self.rest = &self.rest[end + 2..];
                self.at_start = false;
                return Ok(Some(Value { text, line, quoted: true }));
            }
            if first.is_whitespace() {
                self.at_start = first == '\n';
                self.line += usize::from(first == '\n');
                self.rest = &self.rest[first.len_utf8()..];
                continue;
            }
            self.at_start = false;
            let line_end = self.rest.find('\n').unwrap_or(self.rest.len());
            if first == '#' {
                self.rest = &self.rest[line_end..];
                continue;
            }
            let here = &self.rest[..line_end];
            if matches!(first, '\'' | '"') {
                // A quote ends a value only where a blank follows.
                let closes = |i: usize| here[i + 1..].chars().next().is_none_or(char::is_whitespace);
                let end = here.match_indices(first).map(|(i, _)| i).find(|&i| i > 0 && closes(i));
                let end = end.ok_or_else(|| (line, "a quoted value is not closed on its line".to_owned()))?;
                self.rest = &self.rest[end + 1..];
                return Ok(Some(Value { text: &here[1..end], line, quoted: true }));
            }
            let end = here.find(char::is_whitespace).unwrap_or(line_end);
            self.rest = &self.rest[end..];
            return Ok(Some(Value { text: &here[..end], line, quoted: false }));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_category_of_one_row_is_one_however_it_is_written() {
        let [looped, pairs] = ["data_a loop_ _c.x _c.y 1 2", "data_a _c.y 2 _other.z 3 _c.x 1"]
            .map(|text| parse_blocks(text, 1).unwrap().pop().unwrap());
        for block in [&looped, &pairs] {
            let table = block.table("_c_", &["none", "x"]).unwrap();
            let [row] = &table.rows().collect::<Vec<_>>()[..] else { panic!("{table:?}") };
            assert_eq!(["_c_x", "_c_y"].map(|tag| Column::of(&table, tag).known(row)), [Some("1"), Some("2")]);
            assert!(block.table("_c_", &["z"]).is_none());
        }
    }
}
