//! `bragg noise`: counts from an image without noise, so that a dose series needs no new simulation.

use crate::arguments::Noise;
use crate::images;
use crate::interrupt::Signals;
use crate::messages::Messages;
use bragg::Error;
use bragg::description::{Description, Origin, resolve_noise};
use bragg::io::WriteOptions;
use bragg::response;

pub(crate) fn run(arguments: &Noise) -> anyhow::Result<()> {
    let messages = Messages { quiet: arguments.input.quiet };
    let image = &arguments.input.image;
    let noise = resolve_noise(settings(arguments)?)?;
    let factor = arguments.scale;
    if !(factor.is_finite() && factor > 0.0) {
        return Err(Error::setting("--scale", format!("is {factor}; it must be a number, greater than 0")).into());
    }
    let mut opened = images::open(&arguments.input)?;
    images::check_outputs(&arguments.output, &opened.recording.panel_sizes(), &[image])?;
    images::warn_of_geometry(&opened, image, &arguments.output, messages);
    let expected = opened.recording.to_f32().map(|&photons| (f64::from(photons) * factor) as f32);
    let without = expected.pixels().filter(|photons| photons.is_nan() || **photons < 0.0).count();
    if without > 0 {
        messages.note(format_args!(
            "{}: {without} pixels are negative or no number; they get the count {}",
            image.display(),
            response::NO_VALUE
        ));
    }
    let counts = response::record_watched(expected, &noise, &Signals)?;
    (opened.metadata.gain, opened.metadata.adc_offset) = (noise.gain, noise.adc_offset);
    opened.metadata.saturation = noise.saturation;
    images::write(&arguments.output, &counts, &opened.metadata, &WriteOptions::default(), messages)
}

/// The options as the keys of an experiment file, which know what is allowed.
fn settings(arguments: &Noise) -> bragg::Result<Description> {
    let mut description = Description::new();
    for (name, text, option) in [
        ("noise.seed", Some(&arguments.seed), "--seed"),
        ("scan.frame", Some(&arguments.frame), "--frame"),
        ("noise.gain", Some(&arguments.gain), "--gain"),
        ("noise.adc_offset", Some(&arguments.adc), "--adc"),
        ("noise.saturation", arguments.saturation.as_ref(), "--saturation"),
    ] {
        if let Some(text) = text {
            description.set(name, text, Origin::Flag(option.to_owned()))?;
        }
    }
    Ok(description)
}
