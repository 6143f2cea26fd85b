//! What tests of `bragg refine` look at.

use super::Workplace;
use bragg::image::Recording;
use bragg_io::formats;
use serde_json::Value;

/// The pixels of an image file.
pub(crate) fn image(workplace: &Workplace, name: &str) -> Vec<f64> {
    match formats::read(&workplace.path(name), None).unwrap().recording {
        Recording::Photons(image) => image.pixels().map(|&x| f64::from(x)).collect(),
        Recording::Counts(image) => image.pixels().map(|&x| f64::from(x)).collect(),
    }
}

/// What `--json fit.json` says.
pub(crate) fn json(workplace: &Workplace) -> Value {
    serde_json::from_slice(&workplace.read("fit.json")).unwrap()
}

/// One entry of every parameter; infinite for `null`.
pub(crate) fn numbers(fit: &Value, what: &str) -> Vec<f64> {
    let parameters = fit["parameters"].as_array().unwrap();
    parameters.iter().map(|parameter| parameter[what].as_f64().unwrap_or(f64::INFINITY)).collect()
}

/// The message with which the program refuses (status 2, one line).
pub(crate) fn refused(workplace: &Workplace, words: &str) -> String {
    let output = workplace.bragg(&format!("refine {words}")).output().unwrap();
    let messages = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "bragg refine {words}: {messages}");
    assert!(output.stdout.is_empty());
    messages
}
