//! The drop-in: nanoBragg's command line, files and statistics.

use crate::interrupt::Signals;
use crate::messages::{Messages, name, print};
use crate::progress::Progress;
use crate::render::{on_threads, render};
use crate::{exit, images};
use anyhow::Result;
use bragg::Error;
use bragg::image::{Image, PanelImage};
use bragg::kernel::fault;
use bragg::response::nanobragg as response;
use bragg::scene::{PanelTable, Scene};
use bragg_io::description::nanobragg::flags::{self, Invocation, Missing};
use bragg_io::description::nanobragg::{
    self, DropIn, Options, OutputOptions, SeedOptions, clock_seed, dump_path, in_flags,
};
use bragg_io::description::print::to_toml;
use bragg_io::description::{self, Known, Resolved};
use bragg_io::formats::atomic::{Body, Together};
use bragg_io::formats::c_format::G;
use bragg_io::formats::smv::NanoBraggHeader;
use bragg_io::formats::{atomic, fdump, pgm, raw, smv};
use bragg_io::{numbers, threads};
use std::ffi::OsString;
use std::io::Write;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// nanoBragg's exit status when there is nothing to do.
const NOTHING_TO_DO: u8 = 9;

/// Runs the drop-in on the words of its command line; `program` is what the user called it.
///
/// # Errors
/// The command line or a file cannot be used.
pub(crate) fn run(words: impl Iterator<Item = OsString>, program: &str) -> Result<u8> {
    match flags::parse(words)? {
        Invocation::Help(length) => print(flags::help(length, program).as_bytes())?,
        Invocation::Version => print(format!("bragg {}\n", env!("CARGO_PKG_VERSION")).as_bytes())?,
        Invocation::Run(options, notices) => {
            let has_cache = options.reflections.hkl.is_none() && dump_path(&options).exists();
            if let Some(missing) = Missing::from(&options, has_cache) {
                std::io::stderr().write_all(missing.usage(program).as_bytes())?;
                return Ok(NOTHING_TO_DO);
            }
            let messages = Messages { quiet: options.run.quiet };
            notices.iter().for_each(|notice| messages.note(notice));
            simulate(&options, messages).map_err(error_in_flags)?;
        }
    }
    Ok(exit::SUCCESS)
}

fn simulate(options: &Options, messages: Messages) -> Result<()> {
    let clock_seed = clock_seed();
    let DropIn { mut description, header, notices, random_misset } = nanobragg::describe(options, clock_seed)?;
    if options.run.print_experiment {
        description.relative_to(&std::env::current_dir()?);
    }
    let n_threads = threads::allowed(options.run.threads);
    let n_readers = threads::for_reading(n_threads, &description);
    let known = Known { monitor: Some(&Signals), ..Known::default() };
    let (resolved, _) = on_threads(n_readers, || description::resolve_knowing(description, known))??;
    notices.iter().chain(&resolved.notices).for_each(|notice| messages.note(in_flags(notice)));
    if options.run.print_experiment {
        return print(to_toml(&resolved.description).as_bytes());
    }
    let outputs = Outputs::new(&options.output, options.noise.noise.unwrap_or(true));
    let headers = [&options.detector.img, &options.crystal.mat].into_iter().flatten().map(PathBuf::as_path);
    let inputs: Vec<&Path> = images::input_files(&resolved.description).chain(headers).collect();
    outputs.check(&inputs)?;
    if let Some([fast, slow]) = options.output.printout_pixel
        && !((0..header.size.0 as i64).contains(&fast) && (0..header.size.1 as i64).contains(&slow))
    {
        let (n_fast, n_slow) = header.size;
        let what = format!("{fast} {slow} given, but the detector has {n_fast} × {n_slow} pixels, counted from 0");
        return Err(Error::setting(options.spelling("-printout_pixel"), what).into());
    }
    keep_amplitudes(options, messages, &resolved, &outputs, &inputs);
    let scene = Scene::watched(&resolved.experiment, &Signals)?;
    let n_pixels = (header.size.0 * header.size.1) as u64;
    on_threads(threads::for_rendering(n_threads, &scene), || {
        let image = {
            let is_quiet = options.run.quiet || options.run.progress == Some(false);
            render(&scene, &Progress::new(n_pixels, is_quiet))?
        };
        if let Some(fault) = fault(&scene, &image) {
            messages.warning(in_flags(&numbers::explain(&fault, &image, &resolved.description)));
        }
        let seed = options.seeds.seed.map_or(clock_seed, SeedOptions::state);
        let head =
            random_misset.map(|[x, y, z]| format!("random orientation misset angles: {x:.6} {y:.6} {z:.6} deg\n"));
        write_images(options, &outputs, &scene, &image, &header, (seed, head.unwrap_or_default()))
    })?
}

/// The files to write.
struct Outputs {
    float: PathBuf,
    integer: PathBuf,
    picture: Option<PathBuf>,
    noise: Option<PathBuf>,
}

impl Outputs {
    fn new(output: &OutputOptions, with_noise: bool) -> Self {
        let named = |path: &Option<PathBuf>, default: &str| path.clone().unwrap_or_else(|| default.into());
        Self {
            float: named(&output.floatfile, "floatimage.bin"),
            integer: named(&output.intfile, "intimage.img"),
            picture: output.pgm.unwrap_or(true).then(|| named(&output.pgmfile, "image.pgm")),
            noise: with_noise.then(|| named(&output.noisefile, "noiseimage.img")),
        }
    }

    fn all(&self) -> Vec<PathBuf> {
        let optional = [&self.picture, &self.noise].into_iter().flatten();
        [&self.float, &self.integer].into_iter().chain(optional).cloned().collect()
    }

    /// Whether they can be written without harm to `inputs` or one another, as far as can be told before they are.
    fn check(&self, inputs: &[&Path]) -> Result<()> {
        let all = self.all();
        for path in &all {
            atomic::check(path)?;
        }
        Ok(images::check_apart(&all, inputs)?)
    }
}

/// Keys by which an error may go that no flag caused alone.
const CULPRITS: [(&str, &str); 4] = [
    ("crystal.mosaic.domains", "-mosaic_domains"),
    ("beam.divergence", "-hdivsteps, -vdivsteps, -dispsteps"),
    ("detector.pixels", "-detpixels"),
    ("detector.sensor.layers", "-detector_thicksteps"),
];

/// An error with the flag for a key of the library.
fn error_in_flags(error: anyhow::Error) -> anyhow::Error {
    match error.downcast::<Error>() {
        Ok(Error::Setting { key, given_in, what }) => {
            let culprit = CULPRITS.iter().find(|(known, _)| *known == key);
            let key = culprit.map_or_else(|| in_flags(&key), |(_, flag)| (*flag).to_owned());
            Error::Setting { key, given_in, what: in_flags(&what) }.into()
        }
        Ok(other) => other.into(),
        Err(other) => other,
    }
}

/// Writes the structure-factor cache after a `-hkl`, as nanoBragg does, unless a file of the user's would be lost. Failing is no reason to
/// stop.
fn keep_amplitudes(options: &Options, messages: Messages, resolved: &Resolved, outputs: &Outputs, inputs: &[&Path]) {
    let (Some(_), Some(grid)) = (&options.reflections.hkl, &resolved.experiment.structure_factors.grid) else { return };
    let path = dump_path(options);
    let others: Vec<PathBuf> = outputs.all();
    let others: Vec<&Path> = inputs.iter().copied().chain(others.iter().map(PathBuf::as_path)).collect();
    let apart = images::check_apart(std::slice::from_ref(&path), &others);
    if let Err(error) = apart.and_then(|()| atomic::write(&path, |w| fdump::write(grid, w))) {
        messages.warning(format!("the structure factors are not kept for later runs: {error}"));
    }
}

/// Writes the images, all or none, and prints their statistics behind `head`. Scripts read these lines.
fn write_images(
    options: &Options,
    outputs: &Outputs,
    scene: &Scene,
    image: &Image<f32>,
    header: &NanoBraggHeader,
    (seed, head): (u32, String),
) -> Result<()> {
    let (Some(panel), Some(image)) = (scene.panels.first(), image.panels.first()) else { return Ok(()) };
    let output = &options.output;
    let statistics = response::statistics(panel, image);
    let automatic = |scale: Option<f64>| scale.filter(|&scale| scale > 0.0);
    let adc_offset = options.noise.adc.unwrap_or(40.0);
    let scale = automatic(output.scale).unwrap_or_else(|| response::integer_scale(statistics.max));
    let picture_scale = automatic(output.pgmscale).unwrap_or_else(|| response::picture_scale(statistics.rmsd, scale));
    let (header, n) = (&header.to_bytes(), image.pixels().len());
    let mut noise = response::NoiseImage::new(panel, image, seed, adc_offset);

    let mut files = Together::default();
    let integers = |pixels: Range<usize>, counts: &mut [u16]| {
        response::integer_counts(panel, image, (scale, adc_offset), pixels, counts)
    };
    let mut bodies: Vec<(&Path, Body)> = vec![
        (&outputs.float, Box::new(|w| raw::write(w, image))),
        (&outputs.integer, Box::new(|w| smv::write_made(w, header, n, integers))),
    ];
    if let Some(path) = &outputs.picture {
        bodies.push((path, Box::new(|w| pgm::write_scaled(w, image, picture_scale))));
    }
    if let Some(path) = &outputs.noise {
        bodies.push((path, Box::new(|w| smv::write_drawn(w, header, n, |pixels, counts| noise.draw(pixels, counts)))));
    }
    files.add_all(bodies)?;

    let mut report = head.into_bytes();
    writeln!(report, "wrote {} as {}-byte floats", name(&outputs.float), size_of::<f32>())?;
    report_statistics(&mut report, scene, panel, &statistics)?;
    writeln!(report, "intfile_scale = {}\nwrote {}", G(scale), name(&outputs.integer))?;
    if let Some(path) = &outputs.picture {
        writeln!(report, "pgm_scale = {}\nwrote {}", G(picture_scale), name(path))?;
    }
    if let Some(path) = &outputs.noise {
        writeln!(report, "random seed of the noise: {seed}")?;
        writeln!(report, "{:.0} photons on noise image ({} overloads)", noise.photons, noise.overloads)?;
        writeln!(report, "wrote {}", name(path))?;
    }
    if output.printout || output.printout_pixel.is_some() {
        print_pixels(&mut report, scene, panel, image, output.printout_pixel)?;
    }
    files.commit()?;
    print(&report)
}

/// The lines that scripts read: the brightest pixel, with the position (m) of its last sub-pixel, and the moments.
fn report_statistics(
    report: &mut Vec<u8>,
    scene: &Scene,
    panel: &PanelTable,
    statistics: &response::Statistics,
) -> Result<()> {
    let sub_pixel = panel.pixel_size / scene.oversample as f64;
    let last = |pixel: usize| sub_pixel * (((pixel + 1) * scene.oversample) as f64 - 0.5);
    let response::Statistics { max, max_at, mean, rms, rmsd } = *statistics;
    let (fast, slow) = (max_at % panel.n_fast, max_at / panel.n_fast);
    // a black image has no brightest pixel
    let [fast, slow] = if max > 0.0 { [fast, slow].map(last) } else { [0.0; 2] };
    writeln!(report, "max_I = {} at {} {}", G(f64::from(max)), G(fast), G(slow))?;
    writeln!(report, "mean= {} rms= {} rmsd= {}", G(mean), G(rms), G(rmsd))?;
    Ok(())
}

/// One line for each pixel of the window, or for one pixel: its centre (m), the angle (deg) and spacing (Å) it scatters at from the first
/// source, and its photons.
fn print_pixels(
    report: &mut Vec<u8>,
    scene: &Scene,
    panel: &PanelTable,
    image: &PanelImage<f32>,
    only: Option<[i64; 2]>,
) -> Result<()> {
    let Some(source) = scene.sources.first() else { return Ok(()) };
    writeln!(report, "fast slow x y z two_theta d photons")?;
    for slow in panel.window.slow[0]..panel.window.slow[1] {
        for fast in panel.window.fast[0]..panel.window.fast[1] {
            if only.is_some_and(|only| only != [fast as i64, slow as i64]) {
                continue;
            }
            let along = |pixel: usize| (pixel as f64 + 0.5) * panel.pixel_size;
            let centre = panel.origin + panel.fast_axis * along(fast) + panel.slow_axis * along(slow);
            let two_theta = centre.unit().dot(source.incident).clamp(-1.0, 1.0).acos();
            let spacing = source.wavelength / (2.0 * (two_theta / 2.0).sin());
            let [x, y, z] = centre.0.map(G);
            let photons = f64::from(image.pixels()[slow * panel.n_fast + fast]);
            let (two_theta, spacing, photons) = (G(two_theta.to_degrees()), G(spacing), G(photons));
            writeln!(report, "{fast} {slow} {x} {y} {z} {two_theta} {spacing} {photons}")?;
        }
    }
    Ok(())
}
