//! Files of diffraction for the engine `bragg`: experiment files, structure factors, coordinates and
//! images.
//!
//! What a user writes, in TOML, in settings of single keys or in nanoBragg's options, becomes a
//! [`description::Description`]: values with the place that each came from. [`description::resolve()`]
//! completes it, reads the files that it names and makes an experiment of the engine. What the engine
//! computes is written by [`formats`], whose files appear whole or not at all.
//!
//! ```
//! use bragg::image::Recording;
//! use bragg::kernel::{Unwatched, render};
//! use bragg::scene::Scene;
//! use bragg_io::{description, formats};
//! use std::path::Path;
//!
//! let text = r#"
//!     [crystal]
//!     cell = [78, 78, 37, 90, 90, 90]
//!     n_cells = 15
//!     structure_factors.default = 100
//!
//!     [beam]
//!     energy = "12.4 keV"
//!     fluence = 1e24
//!
//!     [detector]
//!     distance = "100 mm"
//!     pixels = [64, 64]
//!     pixel_size = "0.8 mm"
//! "#;
//! let resolved = description::resolve(description::toml::parse(text, Path::new("still.toml"))?)?;
//! let scene = Scene::watched(&resolved.experiment, &Unwatched)?;
//! let recording = Recording::Photons(render(&scene, &Unwatched)?);
//!
//! let folder = std::env::temp_dir().join(format!("bragg-io-{}", std::process::id()));
//! std::fs::create_dir_all(&folder)?;
//! let file = folder.join("still.cbf");
//! formats::write_recording(&file, &recording, &resolved.metadata(), &formats::WriteOptions::default())?;
//! assert_eq!(formats::read(&file, None)?.recording.panel_sizes(), [(64, 64)]);
//! # std::fs::remove_dir_all(&folder)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! | for | see |
//! |---|---|
//! | keys of experiment files, their defaults and what they allow | [`description::keys`] |
//! | nanoBragg's command line | [`description::nanobragg`] |
//! | formats of images, reflections and coordinates | [`formats`] |
//! | structure factors kept between runs | [`cache`] |
//! | messages about pixels that are no numbers | [`numbers`] |
//! | how many threads a scene has work for | [`threads`] |

pub mod cache;
pub mod description;
pub mod formats;
pub mod numbers;
pub mod threads;
