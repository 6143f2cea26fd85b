//! Comparisons by `bragg compare` in a workplace.

use super::Workplace;
use serde_json::Value;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;

/// A crystal with some 40 spots on 80 × 64 pixels.
pub(crate) const ARGS: &str = "-cell 70 80 90 75 85 95 -misset 10 20 30 -default_F 100 -N 8 -lambda 1.2 -distance 90 -pixel 0.4 \
                    -detpixels_x 80 -detpixels_y 64 -oversample 1 -seed 1";

pub(crate) struct Compared {
    pub(crate) status: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// A program in the workplace: a shell script in which `$BRAGG` is ours.
pub(crate) fn script(workplace: &Workplace, name: &str, body: &str) {
    let bragg = assert_cmd::cargo::cargo_bin("bragg");
    workplace.write(name, format!("#!/bin/sh\nBRAGG='{}'\n{body}\n", bragg.display()));
    fs::set_permissions(workplace.path(name), fs::Permissions::from_mode(0o755)).unwrap();
}

pub(crate) fn compare(workplace: &Workplace, options: &[&str], args: &str) -> Compared {
    let mut command = workplace.bragg("compare --outdir out");
    command.env_remove("NB_C_BIN").env_remove("NB_PY_BIN").args(options);
    if !args.is_empty() {
        command.arg("--").args(args.split_whitespace());
    }
    let output = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Compared { status: output.status.code().unwrap(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

pub(crate) fn json(workplace: &Workplace, name: &str) -> Value {
    serde_json::from_slice(&workplace.read(name)).unwrap()
}

pub(crate) fn metrics(workplace: &Workplace) -> Value {
    json(workplace, "out/metrics.json")
}
