//! What is said when there is nothing to do.

use crate::description::nanobragg::Options;

/// What an image needs and was not given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Missing {
    /// No structure factors: neither a file, nor a cache, nor an amplitude for all.
    amplitudes: bool,
    /// No crystal: neither a cell nor a matrix.
    crystal: bool,
}

impl Missing {
    /// What `options` lack, if anything; `has_cache` says whether the structure-factor cache is there to be read.
    pub fn from(options: &Options, has_cache: bool) -> Option<Self> {
        let reflections = &options.reflections;
        let has_amplitudes = reflections.hkl.is_some() || has_cache || reflections.default_f.is_some_and(|f| f != 0.0);
        let has_crystal = options.crystal.cell.is_some() || options.crystal.mat.is_some();
        (!has_amplitudes || !has_crystal).then_some(Self { amplitudes: !has_amplitudes, crystal: !has_crystal })
    }

    /// The message to the user of `program`; nanoBragg's exit status with it is 9.
    pub fn usage(self, program: &str) -> String {
        let amplitudes = "structure factors: -hkl FILE, or -default_F F for all reflections alike";
        let crystal = "a crystal: -cell a b c α β γ, or -mat FILE";
        let missing = match (self.amplitudes, self.crystal) {
            (true, true) => format!("  {amplitudes}\n  {crystal}\n"),
            (true, false) => format!("  {amplitudes}\n"),
            _ => format!("  {crystal}\n"),
        };
        format!(
            "{program}: nothing to do; missing:\n{missing}\
             Example: {program} -cell 78 78 38 90 90 90 -default_F 100 -N 10 -lambda 1 -distance 100\n\
             `{program} -h` lists the options.\n"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::super::parse::{Invocation, parse};
    use super::*;

    fn options(line: &str) -> Options {
        match parse(line.split_whitespace().map(Into::into)) {
            Ok(Invocation::Run(options, _)) => *options,
            other => panic!("{line}: {other:?}"),
        }
    }

    #[test]
    fn nothing_to_do_says_what_is_missing() {
        let missing =
            |line, has_cache| Missing::from(&options(line), has_cache).map(|missing| missing.usage("nanoBragg"));
        for (line, has_cache) in [
            ("-cell 100 -default_F 1", false),
            ("-mat a -hkl b", false),
            ("-cell 100", true),
            ("-mat a -default_F -1", false),
        ] {
            assert_eq!(missing(line, has_cache), None, "{line}");
        }
        let lacks = |line| {
            let text = missing(line, false).expect("something is missing");
            (text.contains("structure factors:"), text.contains("a crystal:"))
        };
        assert_eq!(lacks("-lambda 1"), (true, true));
        assert_eq!(lacks("-cell 100 -default_F 0"), (true, false));
        assert_eq!(lacks("-hkl a"), (false, true));
    }

    #[test]
    fn the_example_in_the_usage_runs() {
        let text = Missing::from(&Options::default(), false).expect("everything is missing").usage("nanoBragg");
        let example = text.lines().find_map(|line| line.strip_prefix("Example: nanoBragg ")).expect("an example");
        assert_eq!(Missing::from(&options(example), false), None);
    }
}
