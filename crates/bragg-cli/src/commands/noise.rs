//! `bragg noise`: counts from an image without noise, so that a dose series needs no new simulation.

use crate::arguments::Noise;
use crate::images::{self, Opened};
use crate::interrupt::Signals;
use crate::messages::Messages;
use bragg::Error;
use bragg::image::{Image, Recording};
use bragg::response::{NO_VALUE, record_watched};
use bragg_io::description::{Description, Origin, resolve_response};
use bragg_io::formats::{Metadata, WriteOptions};
use std::path::Path;

pub(crate) fn run(arguments: &Noise) -> anyhow::Result<()> {
    let messages = Messages { quiet: arguments.input.quiet };
    let image = &arguments.input.image;
    let mut response = resolve_response(settings(arguments)?)?;
    let factor = arguments.scale;
    if !(factor.is_finite() && factor > 0.0) {
        return Err(Error::setting("--scale", format!("is {factor}; it must be a number, greater than 0")).into());
    }
    let mut opened = images::open(&arguments.input)?;
    images::check_outputs(&arguments.output, &opened.recording.panel_sizes(), &[image])?;
    images::warn_of_geometry(&opened, image, &arguments.output, messages);
    let expected = photons(&opened, factor, image, messages);
    let without = expected.pixels().filter(|photons| photons.is_nan() || **photons < 0.0).count();
    if without > 0 {
        messages.note(format_args!(
            "{}: {without} pixels are masked, saturated, negative or no number; they get the count {}",
            image.display(),
            NO_VALUE
        ));
    }
    response.detector_limit = opened.metadata.saturation.filter(|&most| most != SHORT_LIMIT);
    let counts = record_watched(expected, &response, &Signals)?;
    opened.metadata.gain = response.gain;
    opened.metadata.adc_offset = arguments.adc.as_ref().map(|_| response.adc_offset);
    opened.metadata.saturation = response.highest();
    images::write(&arguments.output, &counts, &opened.metadata, &WriteOptions::default(), messages)
}

/// The largest count of 16 bits, which the header of an SMV image has whatever the detector.
const SHORT_LIMIT: f64 = 65534.0;

/// The expected photons of an image, times a factor: its own pedestal and gain are taken out. Pixels without a value are no numbers.
fn photons(opened: &Opened, factor: f64, image: &Path, messages: Messages) -> Image<f32> {
    let Metadata { adc_offset, gain, saturation, .. } = opened.metadata;
    let pedestal = adc_offset.unwrap_or(0.0);
    if pedestal != 0.0 || gain != 1.0 {
        messages.note(format_args!(
            "{}: its pedestal, {pedestal}, is taken off first, and the rest divided by its gain, {gain}",
            image.display()
        ));
    }
    let photons = |count: f64| ((count - pedestal) / gain * factor) as f32;
    match &opened.recording {
        Recording::Photons(expected) => expected.map(|&count| photons(f64::from(count))),
        Recording::Counts(counts) => counts.map(|&count| {
            let has_value = count >= 0 && saturation.is_none_or(|most| f64::from(count) <= most);
            if has_value { photons(f64::from(count)) } else { f32::NAN }
        }),
    }
}

/// The options as the keys of an experiment file, which know what is allowed.
fn settings(arguments: &Noise) -> bragg::Result<Description> {
    let mut description = Description::new();
    for (name, text, option) in [
        ("noise.seed", Some(&arguments.seed), "--seed"),
        ("scan.frame", Some(&arguments.frame), "--frame"),
        ("noise.gain", Some(&arguments.gain), "--gain"),
        ("noise.adc_offset", arguments.adc.as_ref(), "--adc"),
        ("noise.saturation", arguments.saturation.as_ref(), "--saturation"),
    ] {
        if let Some(text) = text {
            description.set(name, text, Origin::Flag(option.to_owned()))?;
        }
    }
    Ok(description)
}
