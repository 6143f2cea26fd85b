//! What makes images and their derivatives: one of several kernels, chosen in one place.

use super::cpu::{self, Level};
use super::{Monitor, Sample, fault, reference};
use crate::error::{Error, Result};
use crate::image::Image;
use crate::real::Dual;
use crate::scene::{BackendChoice, Physics, Profile, Scene, SceneTangent};
use rayon::prelude::*;
use std::fmt;

/// A kernel that takes a [`Scene`] and writes its own pixels, in the current rayon thread pool.
#[derive(Debug, Clone, Copy)]
pub enum Backend {
    /// The fast kernel, with chosen instructions of the processor.
    Cpu(Level),
    /// The yardstick: plain, slow, and in one thread but for derivatives.
    Reference,
}

/// Why a backend cannot do what is asked of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Why {
    /// The setting that stands against it.
    pub key: &'static str,
    /// What is the matter with it, and what can be done.
    pub what: &'static str,
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.key, self.what)
    }
}

impl From<Why> for Error {
    fn from(Why { key, what }: Why) -> Self {
        Self::setting(key, what)
    }
}

/// Some pixels of a panel, with the derivatives of their photons.
#[derive(Debug)]
pub struct Block<'a> {
    /// The panel's number.
    pub panel: usize,
    /// Where each pixel stands in the panel, fast axis first.
    pub places: &'a [usize],
    /// Photons of each pixel.
    pub photons: &'a [f64],
    /// Their derivatives along each tangent, by tangent and pixel.
    pub derivatives: &'a [Vec<f64>],
}

impl Backend {
    /// The backend of a choice for a scene, with the fastest instructions of the processor.
    ///
    /// # Errors
    /// The backend that is asked for cannot make this scene's image.
    pub fn of(scene: &Scene) -> std::result::Result<Self, Why> {
        let backend = match scene.backend {
            BackendChoice::Auto | BackendChoice::Cpu => Self::Cpu(Level::best()),
            BackendChoice::Reference => Self::Reference,
        };
        backend.supports(scene).map(|()| backend)
    }

    /// The name of the backend, as `sampling.backend` has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Cpu(_) => "cpu",
            Self::Reference => "reference",
        }
    }

    /// Whether the backend can make the image of a scene. These two can make every image.
    ///
    /// # Errors
    /// The backend cannot.
    pub fn supports(self, _: &Scene) -> std::result::Result<(), Why> {
        Ok(())
    }

    /// Whether the backend can differentiate the image of a scene.
    ///
    /// # Errors
    /// The backend cannot: spots have edges, or the physics has factors of first samples.
    pub fn differentiates(self, scene: &Scene) -> std::result::Result<(), Why> {
        if scene.physics != Physics::Correct {
            let what = "is \"nanobragg\", whose factors of the first samples have no derivatives; choose \"correct\"";
            return Err(Why { key: "sampling.physics", what });
        }
        if matches!(scene.domain.profile, Profile::Tophat { .. }) {
            let what = "is a top hat: its spots have edges, so that images have no useful derivative; choose gauss, round or square";
            return Err(Why { key: "crystal.shape", what });
        }
        Ok(())
    }

    /// The image of a scene: expected photons in each pixel, 0 in those that are masked or outside the window. All are finite numbers.
    ///
    /// # Errors
    /// The scene is not sound ([`Scene::check`]), a pixel is no number or too large for `T` ([`fault`]), the image does not fit into memory,
    /// or the monitor stopped it.
    pub fn render<T: Sample>(self, scene: &Scene, monitor: &dyn Monitor) -> Result<Image<T>> {
        let image = self.render_as_is(scene, monitor)?;
        fault(scene, &image).map_or(Ok(image), |fault| Err(fault.into()))
    }

    /// The image as [`Self::render`] makes it, but pixels that are no numbers stay as they are: for those who can say more about
    /// them, or go on from them.
    ///
    /// # Errors
    /// The scene is not sound ([`Scene::check`]), the image does not fit into memory, or the monitor stopped it.
    pub fn render_as_is<T: Sample>(self, scene: &Scene, monitor: &dyn Monitor) -> Result<Image<T>> {
        scene.check()?;
        match self {
            Self::Cpu(level) => cpu::render(scene, level, monitor),
            Self::Reference => reference::render(scene, monitor),
        }
    }

    /// How the sum over pixels Σ cotangent·photons changes with every number of the scene; with `amplitudes` also with |F| of every
    /// reflection of its grid.
    ///
    /// # Errors
    /// The scene is not sound ([`Scene::check`]), the cotangent is of other panels, the image has no derivatives or the backend does not
    /// find them this way, something does not fit into memory, or the monitor stopped it.
    pub fn pullback(
        self,
        scene: &Scene,
        cotangent: &Image<f64>,
        amplitudes: bool,
        monitor: &dyn Monitor,
    ) -> Result<SceneTangent> {
        self.differentiates(scene)?;
        scene.check()?;
        check_cotangent(scene, cotangent)?;
        match self {
            Self::Cpu(level) => cpu::gradient::reverse(scene, level, cotangent, amplitudes, monitor),
            Self::Reference => Err(Error::setting(
                "sampling.backend",
                "is \"reference\", which has derivatives along tangents only (images of derivatives); \"cpu\" has gradients of sums",
            )),
        }
    }

    /// The photons of every pixel and how they change along tangents of the scene, some pixels at a time and in parallel; masked pixels
    /// and those outside the window are left out. What `visit` makes of the blocks comes in their order, whatever the number of threads.
    ///
    /// # Errors
    /// The scene is not sound ([`Scene::check`]), the image has no derivatives, something does not fit into memory, or the monitor
    /// stopped it.
    pub fn pushforward<A: Send>(
        self,
        scene: &Scene,
        tangents: &[SceneTangent],
        monitor: &dyn Monitor,
        visit: impl Fn(&Block) -> A + Sync,
    ) -> Result<Vec<A>> {
        self.differentiates(scene)?;
        scene.check()?;
        match self {
            Self::Cpu(level) => cpu::gradient::map_blocks(scene, level, tangents, monitor, visit),
            Self::Reference => {
                let duals: Vec<_> = tangents.iter().map(|tangent| scene.dual(tangent)).collect();
                let rows = scene.panels.iter().enumerate().flat_map(|(i_panel, panel)| {
                    let [first, end] = panel.window.slow;
                    (first..end).map(move |slow| (i_panel, slow))
                });
                let rows: Vec<_> = rows.collect();
                let row = |&(panel, slow): &(usize, usize)| {
                    let places: Vec<usize> = scene.panels[panel].live_places(slow).collect();
                    let photons = reference::pixels(scene, panel, &places, monitor)?;
                    let derivative = |dual: &Scene<Dual>| {
                        let pixels = reference::pixels(dual, panel, &places, monitor)?;
                        Ok(pixels.into_iter().map(|pixel| pixel.derivative).collect())
                    };
                    let derivatives = duals.iter().map(derivative).collect::<Result<Vec<Vec<f64>>>>()?;
                    let block = Block { panel, places: &places, photons: &photons, derivatives: &derivatives };
                    monitor.advance(places.len());
                    Ok(visit(&block))
                };
                rows.par_iter().map(row).collect()
            }
        }
    }
}

/// The image of a scene by the backend of its choice: see [`Backend::render`].
///
/// # Errors
/// As [`Backend::render`], or the backend cannot make it.
pub fn render<T: Sample>(scene: &Scene, monitor: &dyn Monitor) -> Result<Image<T>> {
    Backend::of(scene)?.render(scene, monitor)
}

/// The image of a scene by the backend of its choice, whatever its pixels are: see [`Backend::render_as_is`].
///
/// # Errors
/// As [`Backend::render_as_is`], or the backend cannot make it.
pub fn render_as_is<T: Sample>(scene: &Scene, monitor: &dyn Monitor) -> Result<Image<T>> {
    Backend::of(scene)?.render_as_is(scene, monitor)
}

fn check_cotangent(scene: &Scene, cotangent: &Image<f64>) -> Result<()> {
    let expected: Vec<_> = scene.panels.iter().map(|panel| (panel.n_fast, panel.n_slow)).collect();
    let given: Vec<_> = cotangent.panels.iter().map(|panel| (panel.n_fast(), panel.n_slow())).collect();
    if expected == given {
        return Ok(());
    }
    let what = format!("has panels of {given:?} pixels (fast, slow); those of the scene are {expected:?}");
    Err(Error::setting("cotangent", what))
}
