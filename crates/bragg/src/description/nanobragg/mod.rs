//! The drop-in for nanoBragg: what its command line says.

mod beam;
mod crystal;
mod geometry;
mod options;

pub use options::{
    BeamOptions, CellOptions, Chosen, Convention, CrystalOptions, DetectorOptions, GeometryOptions, Misset,
    NoiseOptions, Options, OutputOptions, PhysicsChoice, Pivot, PolarOption, ReflectionOptions, RunOptions,
    SamplingOptions, ScanOptions, SeedOptions, SensorOptions, Shape, SourceOptions, SourceWavelength, SourceWeights,
    WavelengthOption,
};
