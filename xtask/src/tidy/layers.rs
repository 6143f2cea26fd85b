//! Which module of a library may use which: the road of ARCHITECTURE.md, one way only.

use super::items::{inline_modules, test_code};
use super::source::{RustSource, leading_ident};
use super::{Tree, Violation};

/// Modules of a library, each with the others that it may use.
type Modules = &'static [(&'static str, &'static [&'static str])];

/// Libraries, each with the folder of its source.
const LIBRARIES: [(&str, Modules); 2] = [("crates/bragg/src/", ENGINE), ("crates/bragg-io/src/", FILES)];

/// Modules of the engine, each with the others that it may use. Test code may use all but `refine`.
const ENGINE: Modules = &[
    ("error", &[]),
    ("monitor", &["error"]),
    ("units", &[]),
    ("miller", &[]),
    ("real", &[]),
    ("numbers", &[]),
    ("math", &["numbers", "real"]),
    ("random", &["error", "math", "monitor", "real", "units"]),
    ("symmetry", &["error", "math", "miller", "units"]),
    ("reflections", &["error", "math", "miller", "monitor", "numbers", "random", "symmetry", "units"]),
    ("image", &["error"]),
    ("physics", &["real", "math", "units"]),
    (
        "experiment",
        &["error", "image", "math", "miller", "numbers", "random", "real", "reflections", "symmetry", "units"],
    ),
    (
        "scene",
        &[
            "error",
            "experiment",
            "image",
            "math",
            "monitor",
            "numbers",
            "physics",
            "random",
            "real",
            "reflections",
            "units",
        ],
    ),
    ("structure", &["error", "experiment", "math", "miller", "monitor", "reflections", "symmetry", "units"]),
    ("kernel", &["error", "image", "math", "monitor", "numbers", "physics", "real", "reflections", "scene", "units"]),
    (
        "gradient",
        &["error", "experiment", "image", "kernel", "math", "miller", "monitor", "physics", "real", "scene", "units"],
    ),
    ("response", &["error", "experiment", "image", "math", "monitor", "random", "real", "scene", "units"]),
];

/// Modules of the formats and the description, likewise.
const FILES: Modules = &[
    ("formats", &[]),
    ("cache", &["formats"]),
    ("description", &["cache", "formats"]),
    ("numbers", &["description"]),
    ("threads", &["description"]),
];

/// The module that uses others and is used by nobody.
const REFINE: &str = "refine";

/// Uses of modules that the tables do not allow.
pub(super) fn check(tree: &Tree, violations: &mut Vec<Violation>) {
    for (folder, modules) in LIBRARIES {
        let root = tree.rust_sources().find(|source| source.path == format!("{folder}lib.rs"));
        let exports = root.map(|root| re_exports(&root)).unwrap_or_default();
        for source in tree.rust_sources().filter(|source| source.path.starts_with(folder)) {
            check_file(&source, folder, modules, &exports, violations);
        }
    }
}

fn check_file(
    source: &RustSource<'_>,
    folder: &str,
    may_use: Modules,
    exports: &[(String, String)],
    violations: &mut Vec<Violation>,
) {
    let Some(path) = source.path.strip_prefix(folder).and_then(|path| path.strip_suffix(".rs")) else { return };
    let mut modules: Vec<&str> = path.split('/').collect();
    modules.pop_if(|last| *last == "mod");
    let [module, ..] = modules[..] else { return };
    if module == "lib" || module == REFINE {
        return;
    }
    let Some((_, allowed)) = may_use.iter().find(|(name, _)| *name == module) else {
        violations.push(Violation::new(
            source.path,
            1,
            format!("the module {module} is new: say in xtask/src/tidy/layers.rs what it may use, and in ARCHITECTURE.md what it is"),
        ));
        return;
    };
    let tests = test_code(source);
    for (position, name) in root_uses(source, modules.len()) {
        let used = exports.iter().find(|(export, _)| *export == name).map_or(name.as_str(), |(_, home)| home);
        let in_test = tests.iter().any(|region| region.contains(&position));
        let known = used == REFINE || may_use.iter().any(|(other, _)| *other == used);
        let fine = used == module || allowed.contains(&used) || (in_test && used != REFINE);
        if known && !fine {
            let may = if allowed.is_empty() { "no other module".to_owned() } else { allowed.join(", ") };
            let what = format!("{module} must not use {used}; it may use {may}");
            violations.push(Violation::new(source.path, source.line_of(position), what));
        }
    }
}

/// Names that lib.rs lifts to the root of the crate, each with the module it comes from.
fn re_exports(root: &RustSource<'_>) -> Vec<(String, String)> {
    let mut exports = Vec::new();
    for start in root.words("use") {
        let statement = root.code[start + 3..].split(';').next().unwrap_or_default();
        let home = leading_ident(statement);
        let names = statement.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|name| !name.is_empty());
        exports.extend(names.skip(1).map(|name| (name.to_owned(), home.to_owned())));
    }
    exports
}

/// Every name at the root of the crate that a file mentions, by `crate::` or by enough `super::`s, with its position. `depth` is
/// how deep the file's own module lies: 1 for the top-level modules.
fn root_uses(source: &RustSource<'_>, depth: usize) -> Vec<(usize, String)> {
    let code = &source.code;
    let mut uses = Vec::new();
    for position in source.words("crate") {
        if let Some(rest) = code[position + "crate".len()..].trim_start().strip_prefix("::") {
            uses.extend(first_names(rest).into_iter().map(|name| (position, name)));
        }
    }
    let modules = inline_modules(source);
    for position in source.words("super") {
        if code[..position].trim_end().ends_with("super::") {
            continue;
        }
        let depth = depth + modules.iter().filter(|module| module.span.contains(&position)).count();
        let mut rest = &code[position..];
        let mut n_supers = 0;
        while let Some(after) = rest.strip_prefix("super::") {
            n_supers += 1;
            rest = after;
        }
        if n_supers == depth {
            uses.extend(first_names(rest).into_iter().map(|name| (position, name)));
        }
    }
    uses
}

/// The first name of a path, or of each path of a group `{a::b, c}`.
fn first_names(path: &str) -> Vec<String> {
    let path = path.trim_start();
    let Some(group) = path.strip_prefix('{') else { return vec![leading_ident(path).to_owned()] };
    let mut names = vec![leading_ident(group).to_owned()];
    let mut depth = 0_usize;
    for (i, byte) in group.bytes().enumerate() {
        match byte {
            b'{' => depth += 1,
            b'}' if depth == 0 => break,
            b'}' => depth -= 1,
            b',' if depth == 0 => names.push(leading_ident(&group[i + 1..]).to_owned()),
            _ => {}
        }
    }
    names.retain(|name| !name.is_empty());
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::tests::complaints;

    fn found(path: &str, text: &str) -> Vec<String> {
        let lib = ("crates/bragg/src/lib.rs", "pub mod error;\npub use error::{Error, Result};\n");
        complaints(check, &[lib, (path, text)])
    }

    #[test]
    fn physics_uses_numbers_only() {
        let path = "crates/bragg/src/physics/lattice.rs";
        assert!(found(path, "use crate::real::Real;\nuse crate::math::Vec3;\nuse crate::{units, real};\n").is_empty());
        assert_eq!(
            found(path, "use crate::real::Real;\nuse crate::scene::Scene;\n"),
            ["crates/bragg/src/physics/lattice.rs:2: physics must not use scene; it may use real, math, units"]
        );
        assert_eq!(found(path, "use crate::{math::{Vec3, Mat3}, experiment::Beam, scene};").len(), 2);
        assert_eq!(found(path, "fn f() -> crate::Result<()> { Ok(()) }").len(), 1, "a re-export of error");
    }

    #[test]
    fn kernel_does_not_know_experiments_nor_a_format_what_a_user_wrote() {
        assert_eq!(found("crates/bragg/src/kernel/cpu.rs", "use crate::experiment::Physics;").len(), 1);
        assert_eq!(found("crates/bragg-io/src/formats/smv/mod.rs", "use crate::description::Value;").len(), 1);
        assert!(found("crates/bragg-io/src/description/mod.rs", "use crate::formats::smv;").is_empty());
        assert!(found("crates/bragg/src/kernel/cpu.rs", "use crate::scene::Scene;\nuse super::Sample;").is_empty());
    }

    #[test]
    fn nobody_uses_refine_not_even_in_tests() {
        let text = "#[cfg(test)]\nmod tests { use crate::refine::fit; }";
        assert_eq!(found("crates/bragg/src/kernel/cpu.rs", text).len(), 1);
        assert!(found("crates/bragg/src/refine/mod.rs", "use crate::kernel::cpu;").is_empty());
    }

    #[test]
    fn tests_may_use_the_rest() {
        let text = "#[cfg(test)]\nmod tests { use crate::experiment::Experiment; use super::*; }";
        assert!(found("crates/bragg/src/kernel/cpu.rs", text).is_empty());
    }

    #[test]
    fn a_way_round_through_super_is_seen() {
        assert_eq!(found("crates/bragg/src/kernel/cpu.rs", "use super::super::experiment::Beam;").len(), 1);
        assert_eq!(found("crates/bragg/src/kernel/mod.rs", "use super::{experiment::Beam, scene};").len(), 1);
        assert_eq!(found("crates/bragg/src/kernel/mod.rs", "mod a { use super::super::experiment; }").len(), 1);
        assert!(found("crates/bragg/src/kernel/cpu.rs", "use super::experiment;").is_empty(), "kernel's own");
    }

    #[test]
    fn prose_is_no_use() {
        let text = "//! See [`crate::experiment`].\nconst S: &str = \"crate::scene\";";
        assert!(found("crates/bragg/src/physics/lattice.rs", text).is_empty());
    }

    #[test]
    fn a_module_that_the_table_lacks_is_reported() {
        assert!(found("crates/bragg/src/novel.rs", "")[0].contains("the module novel is new"));
    }
}
