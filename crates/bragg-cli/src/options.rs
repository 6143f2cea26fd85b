//! The library's arguments as the options that give them: it speaks of `roi`, which Python has as a keyword, and the program as `--roi`.

use bragg::Error;

/// Arguments, and what gives them here.
const OPTIONS: &[(&str, &str)] = &[
    ("adc_offset", "--adc"),
    ("candidate", "--candidate"),
    ("case", "--case"),
    ("free", "--free"),
    ("gain", "--gain"),
    ("gate", "--gate"),
    ("loss", "--loss"),
    ("mask", "--mask"),
    ("max_peak_shift", "--max-peak-shift"),
    ("max_rel", "--max-rel"),
    ("max_sum_deviation", "--max-sum-deviation"),
    ("min_correlation", "--min-correlation"),
    ("outdir", "--outdir"),
    ("parameters", "`bragg gradient --list`"),
    ("peaks", "--peaks"),
    ("read_noise", "--read-noise"),
    ("reference", "--reference"),
    ("rel_floor", "--rel-floor"),
    ("rel_tolerance", "--rel-tolerance"),
    ("roi", "--roi"),
    ("timeout", "--timeout"),
];

/// An error with options in place of arguments.
pub(crate) fn in_error(error: Error) -> Error {
    match error {
        Error::Setting { key, given_in, what } => {
            let option = OPTIONS.iter().find(|(argument, _)| *argument == key);
            let key = option.map_or(key.clone(), |(_, option)| (*option).to_owned());
            Error::Setting { key, given_in, what: in_text(&what) }
        }
        Error::File { path, line, what } => Error::File { path, line, what: in_text(&what) },
        other => other,
    }
}

/// Any error; one of the library as [`in_error`] has it.
pub(crate) fn in_any(error: anyhow::Error) -> anyhow::Error {
    match error.downcast::<Error>() {
        Ok(error) => in_error(error).into(),
        Err(other) => other,
    }
}

fn in_text(text: &str) -> String {
    let name = |text: String, (argument, option): &(&str, &str)| text.replace(&format!("`{argument}`"), option);
    OPTIONS.iter().fold(text.to_owned(), name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_become_options() {
        let error = |error| in_error(error).to_string();
        let with_key = Error::setting("rel_floor", "is 0; see `parameters` and `mask`, not crystal.mask");
        assert_eq!(error(with_key), "--rel-floor: is 0; see `bragg gradient --list` and --mask, not crystal.mask");
        let of_file = Error::file("a.cbf".as_ref(), None, "is dark (`adc_offset`, `gain`)");
        assert_eq!(error(of_file), "a.cbf: is dark (--adc, --gain)");
        assert_eq!(error(Error::setting("detector.mask", "is a `rose`")), "detector.mask: is a `rose`");
    }
}
