//! The drop-in: nanoBragg's command line, files and statistics.

use crate::flags::{self, Invocation, Missing};
use crate::render::render;
use anyhow::Result;
use bragg::description::nanobragg::{DropIn, Options, describe, dump_path};
use bragg::description::{self, Notice, Resolved, print};
use bragg::image::{Image, PanelImage};
use bragg::io::atomic::Together;
use bragg::io::c_format::G;
use bragg::io::smv::NanoBraggHeader;
use bragg::io::{atomic, fdump, pgm, raw, smv};
use bragg::kernel::Unwatched;
use bragg::response::nanobragg as response;
use bragg::scene::{PanelTable, Scene};
use std::ffi::OsString;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

/// nanoBragg's exit status when there is nothing to do.
const NOTHING_TO_DO: u8 = 9;
/// The status for a command line or a file that cannot be used.
const BAD_INPUT: u8 = 2;

/// Runs the drop-in on the words of its command line; `program` is what the user called it.
///
/// # Errors
/// Standard output is closed.
pub(crate) fn run(words: impl Iterator<Item = OsString>, program: &str) -> Result<ExitCode> {
    match flags::parse(words) {
        Ok(Invocation::Help(length)) => std::io::stdout().write_all(flags::help(length, program).as_bytes())?,
        Ok(Invocation::Version) => writeln!(std::io::stdout(), "bragg {}", env!("CARGO_PKG_VERSION"))?,
        Ok(Invocation::Run(options, notices)) => {
            let has_cache = options.reflections.hkl.is_none() && dump_path(&options).exists();
            if let Some(missing) = Missing::from(&options, has_cache) {
                std::io::stderr().write_all(missing.usage(program).as_bytes())?;
                return Ok(ExitCode::from(NOTHING_TO_DO));
            }
            let notices: Vec<String> = notices.iter().map(ToString::to_string).collect();
            tell(&options, program, &notices)?;
            if let Err(error) = simulate(&options, program) {
                return refuse(program, &error);
            }
        }
        Err(refusal) => return refuse(program, &refusal.into()),
    }
    Ok(ExitCode::SUCCESS)
}

fn refuse(program: &str, error: &anyhow::Error) -> Result<ExitCode> {
    writeln!(std::io::stderr(), "{program}: error: {error:#}")?;
    Ok(ExitCode::from(BAD_INPUT))
}

/// Messages on standard error.
fn tell(options: &Options, program: &str, notices: &[String]) -> Result<()> {
    if !options.run.quiet {
        for notice in notices {
            writeln!(std::io::stderr(), "{program}: note: {notice}")?;
        }
    }
    Ok(())
}

fn simulate(options: &Options, program: &str) -> Result<()> {
    let clock_seed = clock_seed();
    let DropIn { mut description, header, notices } = describe(options, clock_seed)?;
    if options.run.print_experiment {
        description.relative_to(&std::env::current_dir()?);
    }
    let resolved = description::resolve(description)?;
    let notices: Vec<String> = notices.iter().chain(&resolved.notices).map(in_flags).collect();
    tell(options, program, &notices)?;
    if options.run.print_experiment {
        std::io::stdout().write_all(print::to_toml(&resolved.description).as_bytes())?;
        return Ok(());
    }
    keep_amplitudes(options, program, &resolved)?;
    let scene = Scene::new(&resolved.experiment);
    let image = render(&scene, options.run.threads, &Unwatched)?;
    let seed = options.seeds.seed.unwrap_or(clock_seed);
    write_images(options, &scene, &image, &header, u32::try_from(seed).unwrap_or(u32::MAX))
}

/// A seed from the clock: seconds since 1970.
fn clock_seed() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(1, |since| since.as_secs().clamp(1, u64::from(u32::MAX)))
}

/// A notice of the library in the drop-in's own words.
fn in_flags(notice: &Notice) -> String {
    const FLAGS: [(&str, &str); 4] = [
        ("beam.source_weights", "-source_weights apply|ignore"),
        ("beam.source_wavelength", "-source_wavelength file|lambda"),
        ("beam.wavelength", "-lambda"),
        ("scan.steps", "-phisteps"),
    ];
    FLAGS.iter().fold(notice.to_string(), |text, (key, flag)| text.replace(key, flag))
}

/// Writes the structure-factor cache after a `-hkl`, as nanoBragg does. Failing is no reason to stop.
fn keep_amplitudes(options: &Options, program: &str, resolved: &Resolved) -> Result<()> {
    let (Some(_), Some(grid)) = (&options.reflections.hkl, &resolved.experiment.structure_factors.grid) else {
        return Ok(());
    };
    let path = dump_path(options);
    if let Err(error) = atomic::write(&path, |w| fdump::write(grid, w)) {
        tell(options, program, &[format!("the structure factors are not kept: {error}")])?;
    }
    Ok(())
}

/// Writes the images, all or none, and prints their statistics.
fn write_images(
    options: &Options,
    scene: &Scene,
    image: &Image<f32>,
    header: &NanoBraggHeader,
    seed: u32,
) -> Result<()> {
    let (Some(panel), Some(image)) = (scene.panels.first(), image.panels.first()) else { return Ok(()) };
    let output = &options.output;
    let named = |path: &Option<PathBuf>, default: &str| path.clone().unwrap_or_else(|| default.into());
    let statistics = response::statistics(panel, image);
    let mut files = Together::default();
    let mut report = Vec::new();

    let float_file = named(&output.floatfile, "floatimage.bin");
    files.add(&float_file, |w| raw::write(w, image))?;
    writeln!(report, "wrote {} as {}-byte floats", float_file.display(), size_of::<f32>())?;
    report_statistics(&mut report, scene, panel, &statistics)?;

    let automatic = |scale: Option<f64>| scale.filter(|&scale| scale > 0.0);
    let adc_offset = options.noise.adc.unwrap_or(40.0);
    let scale = automatic(output.scale).unwrap_or_else(|| response::integer_scale(statistics.max));
    let counts = response::integer_image(panel, image, scale, adc_offset);
    let int_file = named(&output.intfile, "intimage.img");
    add_smv(&mut files, &int_file, header, image, counts)?;
    writeln!(report, "wrote {} scaled by {}", int_file.display(), G(scale))?;

    if output.pgm.unwrap_or(true) {
        let scale = automatic(output.pgmscale).unwrap_or_else(|| response::picture_scale(statistics.rmsd));
        let levels = pgm::grey_levels(image.pixels(), scale);
        let path = named(&output.pgmfile, "image.pgm");
        if let Some(levels) = PanelImage::new(image.n_fast(), image.n_slow(), levels) {
            files.add(&path, |w| pgm::write(w, &levels, scale))?;
        }
        writeln!(report, "wrote {} scaled by {}", path.display(), G(scale))?;
    }
    if options.noise.noise.unwrap_or(true) {
        let noise = response::noise_image(panel, image, seed, adc_offset);
        let path = named(&output.noisefile, "noiseimage.img");
        writeln!(report, "wrote {}: {:.0} counts, {} overloads", path.display(), noise.sum, noise.overloads)?;
        add_smv(&mut files, &path, header, image, noise.counts)?;
    }
    if output.printout || output.printout_pixel.is_some() {
        print_pixels(&mut report, scene, panel, image, output.printout_pixel)?;
    }
    files.commit()?;
    std::io::stdout().write_all(&report)?;
    Ok(())
}

fn add_smv(
    files: &mut Together,
    path: &Path,
    header: &NanoBraggHeader,
    image: &PanelImage<f32>,
    counts: Vec<u16>,
) -> Result<()> {
    if let Some(counts) = PanelImage::new(image.n_fast(), image.n_slow(), counts) {
        files.add(path, |w| smv::write(w, &header.to_bytes(), &counts))?;
    }
    Ok(())
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
    let (fast, slow) = (statistics.max_at % panel.n_fast, statistics.max_at / panel.n_fast);
    let response::Statistics { max, mean, rms, rmsd, .. } = *statistics;
    writeln!(report, "max_I = {}  at {} {}", G(f64::from(max)), G(last(fast)), G(last(slow)))?;
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
