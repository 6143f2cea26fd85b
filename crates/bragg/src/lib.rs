//! bragg computes X-ray diffraction images of crystals on an absolute scale: photons in each pixel
//! of a detector, for a given fluence, crystal and geometry. It is the engine of the program of this
//! name. It also differentiates images with respect to every parameter of an experiment, and refines
//! experiments against measured images.
//!
//! # A still
//!
//! An [`experiment::Experiment`] says what is measured, in the units and words of crystallographers
//! (Å, mm, degrees; panels, sources, mosaic domains). A [`scene::Scene`] is the same in tables that a
//! kernel reads, and [`kernel::render`] sums it up.
//!
//! ```
//! use bragg::experiment::{Beam, Crystal, Detector, Experiment, StructureFactors, UnitCell};
//! use bragg::image::Image;
//! use bragg::kernel::{Unwatched, render};
//! use bragg::scene::Scene;
//!
//! // lysozyme's cell, 15 × 15 × 30 of them, and one amplitude for all reflections
//! let cell = UnitCell::new([78.0, 78.0, 37.0, 90.0, 90.0, 90.0])?;
//! let crystal = Crystal::new(&cell, [15.0, 15.0, 30.0]);
//! // 1 Å; 10²⁴ photons per m²
//! let beam = Beam::new(1.0, 1e24);
//! // 100 mm away, 128 × 128 pixels of 0.8 mm
//! let detector = Detector::facing_beam(100.0, 0.8, [128, 128]);
//! let experiment = Experiment::new(crystal, StructureFactors::uniform(100.0), beam, detector)?;
//!
//! let image: Image<f32> = render(&Scene::watched(&experiment, &Unwatched)?, &Unwatched)?;
//! let photons: f32 = image.pixels().sum();
//! assert!(photons > 0.0);
//! # Ok::<(), bragg::Error>(())
//! ```
//!
//! Every field of an experiment is public: a mosaic crystal, a sensor, a scan or a spectrum is a
//! field more. What the fields hold is checked when a scene is made of them
//! ([`experiment::Experiment::check`]).
//!
//! # A gradient
//!
//! Parameters go by the names that experiment files have for them. [`gradient::gradient`] takes a
//! weight for each pixel, and gives the derivatives of the weighted sum of photons with respect to
//! any number of parameters, in about the time of a few images.
//!
//! ```
//! # use bragg::experiment::{Beam, Crystal, Detector, Experiment, StructureFactors, UnitCell};
//! # use bragg::image::Image;
//! # use bragg::kernel::{Unwatched, render};
//! # use bragg::scene::Scene;
//! use bragg::gradient::{Parameter, gradient};
//!
//! # let cell = UnitCell::new([78.0, 78.0, 37.0, 90.0, 90.0, 90.0])?;
//! # let crystal = Crystal::new(&cell, [15.0, 15.0, 30.0]);
//! # let detector = Detector::facing_beam(100.0, 0.8, [32, 32]);
//! # let factors = StructureFactors::uniform(100.0);
//! # let mut experiment = Experiment::new(crystal, factors, Beam::new(1.0, 1e24), detector)?;
//! let parameters = [Parameter::parse("crystal.scale")?, Parameter::parse("detector.distance")?];
//! let image: Image<f64> = render(&Scene::watched(&experiment, &Unwatched)?, &Unwatched)?;
//! let ones = image.map(|_| 1.0);
//! let slopes = gradient(&experiment, &parameters, &ones, &Unwatched)?;
//!
//! // photons are in proportion to the scale, which is 1: the derivative is their sum
//! let photons: f64 = image.pixels().sum();
//! assert!((slopes[0] / photons - 1.0).abs() < 1e-9);
//! # Ok::<(), bragg::Error>(())
//! ```
//!
//! # Where to look
//!
//! | for | see |
//! |---|---|
//! | structure factors from atoms, bulk solvent, dispersion | [`structure`] |
//! | lists of reflections, their symmetry and completeness | [`reflections`], [`symmetry`] |
//! | the formulas, one a file, with their sources | [`physics`] |
//! | the kernels, and how to choose one | [`kernel`] |
//! | photons turned into counts, noise | [`response`] |
//! | refinement against images | [`refine`] |
//! | stopping long work, and showing how far it is | [`monitor`] |
//!
//! The engine opens no file, prints nothing and reads no environment: `bragg-io` reads and writes
//! files and understands experiment files. ARCHITECTURE.md describes the road from there to an
//! image.

pub mod error;
pub mod experiment;
pub mod gradient;
pub mod image;
pub mod kernel;
pub mod math;
pub mod miller;
pub mod monitor;
pub mod numbers;
pub mod physics;
pub mod random;
pub mod real;
pub mod refine;
pub mod reflections;
pub mod response;
pub mod scene;
pub mod structure;
pub mod symmetry;
pub mod units;

pub use error::{Error, Result};
