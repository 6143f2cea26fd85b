//! Files of diffraction: what a user wrote, and the formats of images, reflections and coordinates.
//!
//! A [`description`] becomes an experiment of the engine, `bragg`; what that makes of it becomes files by [`formats`].

pub mod cache;
pub mod description;
pub mod formats;
pub mod numbers;
pub mod threads;
