//! A Rust file with comments and the insides of literals blanked out, so that searching it finds code only.

/// A Rust file.
pub(super) struct RustSource<'a> {
    /// Path from the top of the tree, with `/`.
    pub(super) path: &'a str,
    /// The file as it is.
    pub(super) text: &'a str,
    /// The same with comments and the insides of literals as blanks; every byte of code keeps its place.
    pub(super) code: String,
}

impl<'a> RustSource<'a> {
    pub(super) fn new(path: &'a str, text: &'a str) -> Self {
        Self { path, text, code: blank(text) }
    }

    /// The line number, from 1, of a byte of the file.
    pub(super) fn line_of(&self, position: usize) -> usize {
        1 + self.text.as_bytes()[..position].iter().filter(|&&byte| byte == b'\n').count()
    }

    /// Where `word` stands in the code as a word of its own.
    pub(super) fn words<'s>(&'s self, word: &'s str) -> impl Iterator<Item = usize> + 's {
        words(&self.code, word)
    }

    /// The position just past the bracket that closes the one at `open`, or the end of the file.
    pub(super) fn past_closing(&self, open: usize) -> usize {
        let mut depth = 0_usize;
        for (i, byte) in self.code.bytes().enumerate().skip(open) {
            match byte {
                b'(' | b'[' | b'{' => depth += 1,
                b')' | b']' | b'}' => {
                    depth = depth.saturating_sub(1);
                    if depth == 0 {
                        return i + 1;
                    }
                }
                _ => {}
            }
        }
        self.code.len()
    }

    /// The first of `;` and `{` at or after `from` that is not within brackets: where an item's head ends.
    pub(super) fn head_end(&self, from: usize) -> Option<usize> {
        let mut i = from;
        while let Some(&byte) = self.code.as_bytes().get(i) {
            match byte {
                b'{' | b';' => return Some(i),
                b'(' | b'[' => i = self.past_closing(i),
                _ => i += 1,
            }
        }
        None
    }
}

/// Whether a byte can stand inside an identifier (every byte of a non-ASCII letter counts).
pub(super) fn is_ident(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

/// Where `word` stands in `text` as a word of its own.
pub(super) fn words<'s>(text: &'s str, word: &'s str) -> impl Iterator<Item = usize> + 's {
    let bytes = text.as_bytes();
    text.match_indices(word).map(|(at, _)| at).filter(move |&at| {
        let free = |i: Option<usize>| i.and_then(|i| bytes.get(i)).is_none_or(|&byte| !is_ident(byte));
        free(at.checked_sub(1)) && free(Some(at + word.len()))
    })
}

/// The identifier at the start of `text`, blanks skipped.
pub(super) fn leading_ident(text: &str) -> &str {
    let text = text.trim_start();
    let end = text.bytes().position(|byte| !is_ident(byte)).unwrap_or(text.len());
    &text[..end]
}

/// Replaces comments and the insides of literals by blanks; line ends stay.
fn blank(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = bytes.to_vec();
    let mut at = 0;
    while at < bytes.len() {
        let rest = &bytes[at..];
        let starts_word = at == 0 || !is_ident(bytes[at - 1]);
        let (skip, keep) = if rest.starts_with(b"//") {
            (rest.iter().position(|&byte| byte == b'\n').unwrap_or(rest.len()), 0)
        } else if rest.starts_with(b"/*") {
            (block_comment(rest), 0)
        } else if let Some(hashes) = raw_string_hashes(rest).filter(|_| starts_word) {
            (raw_string(rest, hashes), 1)
        } else if rest[0] == b'"' {
            (quoted(rest, b'"'), 1)
        } else if rest[0] == b'\'' && is_char_literal(&text[at..]) {
            (quoted(rest, b'\''), 1)
        } else {
            at += 1;
            continue;
        };
        for byte in &mut out[at + keep..(at + skip).saturating_sub(keep).max(at + keep)] {
            if *byte != b'\n' {
                *byte = b' ';
            }
        }
        at += skip;
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn block_comment(rest: &[u8]) -> usize {
    let mut depth = 0;
    let mut i = 0;
    while i < rest.len() {
        if rest[i..].starts_with(b"/*") {
            depth += 1;
            i += 2;
        } else if rest[i..].starts_with(b"*/") {
            depth -= 1;
            i += 2;
            if depth == 0 {
                return i;
            }
        } else {
            i += 1;
        }
    }
    rest.len()
}

/// The number of `#` of a raw string that starts here.
fn raw_string_hashes(rest: &[u8]) -> Option<usize> {
    let after_prefix = [b"br".as_slice(), b"cr", b"r"].iter().find_map(|prefix| rest.strip_prefix(*prefix))?;
    let hashes = after_prefix.iter().take_while(|&&byte| byte == b'#').count();
    (after_prefix.get(hashes) == Some(&b'"')).then_some(hashes)
}

fn raw_string(rest: &[u8], hashes: usize) -> usize {
    let close = [b"\"".as_slice(), &vec![b'#'; hashes]].concat();
    let open = rest.iter().position(|&byte| byte == b'"').map_or(rest.len(), |quote| quote + 1);
    let inside = &rest[open..];
    inside.windows(close.len()).position(|window| window == close).map_or(rest.len(), |end| open + end + close.len())
}

/// The length of a literal between `quote`s, backslash escapes heeded.
fn quoted(rest: &[u8], quote: u8) -> usize {
    let mut i = 1;
    while i < rest.len() {
        match rest[i] {
            b'\\' => i += 2,
            byte if byte == quote => return i + 1,
            _ => i += 1,
        }
    }
    rest.len()
}

/// Whether the quote at the start opens a character, not a lifetime.
fn is_char_literal(text: &str) -> bool {
    let mut chars = text.chars().skip(1);
    match chars.next() {
        Some('\\') => true,
        Some(_) => chars.next() == Some('\''),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_literals_vanish_and_code_stays_in_place() {
        let text = r##"a /* x /* y */ z */ b // c
"d\"e" 'f' '\'' &'g str r#"h"i"# br"j" é"##;
        let code = blank(text);
        assert_eq!(code.len(), text.len());
        for gone in ["x", "z", "c", "d", "e", "f", "h", "i", "j"] {
            assert!(!code.replace("str", "").contains(gone), "{gone} in {code}");
        }
        for stays in ["a ", " b", "&'g str", "é"] {
            assert_eq!(code.find(stays), text.find(stays), "{stays}");
        }
        assert_eq!(code.matches('\n').count(), 1);
    }

    #[test]
    fn a_string_that_never_ends_is_no_trouble() {
        for text in ["\"abc", "r#\"abc", "/* abc", "'", "'\\", "\"\\"] {
            assert_eq!(blank(text).len(), text.len());
        }
    }

    #[test]
    fn words_are_whole() {
        assert_eq!(words("fn fnord a_fn fn", "fn").collect::<Vec<_>>(), [0, 14]);
    }
}
