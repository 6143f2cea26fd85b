//! `bragg show`: a picture of an image, the same that `bragg simulate` makes of it.

use crate::arguments::Show;
use crate::images;
use crate::messages::Messages;
use bragg::Error;
use bragg::image::Recording;
use bragg::kernel::n_no_numbers;
use bragg_io::description::{Description, Origin, Value, resolve_picture};
use bragg_io::formats::WriteOptions;

pub(crate) fn run(arguments: &Show) -> anyhow::Result<()> {
    let messages = Messages { quiet: arguments.input.quiet };
    let image = &arguments.input.image;
    let picture = resolve_picture(settings(arguments)?)?;
    let mut outputs = arguments.output.clone();
    if outputs.is_empty() {
        outputs.push(images::default_output(image));
    }
    let opened = images::open(&arguments.input)?;
    let sizes = opened.recording.panel_sizes();
    picture.check(&sizes).map_err(of_options)?;
    images::check_outputs(&outputs, &sizes, &[image])?;
    if let Recording::Photons(photons) = &opened.recording {
        let n = n_no_numbers(photons);
        if n > 0 {
            messages.note(format_args!("{}: {n} pixels are no numbers", image.display()));
        }
    }
    let overlay = if arguments.beam { Some("--beam") } else { arguments.rings.as_ref().map(|_| "--rings") };
    if let Some(flag) = overlay.filter(|_| !opened.is_known) {
        let what = format!(
            "needs the geometry, which {} does not say; give the experiment with --experiment EXPERIMENT.toml",
            image.display()
        );
        return Err(Error::setting(flag, what).into());
    }
    images::warn_of_geometry(&opened, image, &outputs, messages);
    let options = WriteOptions { picture, pgm_scale: None };
    images::write(&outputs, &opened.recording, &opened.metadata, &options, messages)
}

/// The options as the keys of an experiment file, which know what is allowed.
fn settings(arguments: &Show) -> bragg::Result<Description> {
    let mut description = Description::new();
    let flag = |name: &str| Origin::Flag(name.to_owned());
    for (name, text, option) in [
        ("output.png.scale", &arguments.scale, "--scale"),
        ("output.png.color_map", &arguments.colors, "--colors"),
        ("output.png.max_width", &arguments.max_width, "--max-width"),
        ("output.png.rings", &arguments.rings.as_deref().map(rings), "--rings"),
        ("output.png.range", &arguments.range.as_deref().map(list), "--range"),
        ("output.png.roi", &arguments.roi.as_deref().map(list), "--roi"),
        ("output.png.panel", &arguments.panel, "--panel"),
        ("output.png.zoom", &arguments.zoom, "--zoom"),
    ] {
        if let Some(text) = text {
            description.set(name, text, flag(option))?;
        }
    }
    if arguments.beam {
        description.insert("output.png.beam_cross", Value::Bool(true), flag("--beam"))?;
    }
    Ok(description)
}

/// An error that speaks of options, which have the last part of the keys' names.
fn of_options(error: Error) -> Error {
    let options = |text: &str| text.replace("output.png.", "--");
    match error {
        Error::Setting { key, given_in, what } => Error::Setting { key: options(&key), given_in, what: options(&what) },
        other => other,
    }
}

/// Several values as TOML has them.
fn list(values: &[String]) -> String {
    format!("[{}]", values.join(", "))
}

/// `auto`, or a list as TOML has it.
fn rings(text: &str) -> String {
    if text == "auto" { text.to_owned() } else { format!("[{text}]") }
}
