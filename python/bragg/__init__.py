"""Absolute X-ray diffraction images from crystals.

An `Experiment` is a crystal, a beam and a detector; its `simulate` gives the photons that each pixel expects. Lengths of the crystal
are in Å, of the detector in mm, angles in degrees, unless text says another unit: ``distance="0.1 m"``. Every value has a dotted name,
such as ``detector.distance``: the same in experiment files, on the command line and here.
"""

from __future__ import annotations

from bragg import _bragg
from bragg._derivatives import Parameter
from bragg._experiment import Experiment
from bragg._images import BraggWarning, Picture, noise, picture, read, write
from bragg._orientation import orient
from bragg._parts import (
    Background,
    Beam,
    Crystal,
    Detector,
    Noise,
    Output,
    Sampling,
    Scan,
    StructureFactors,
)
from bragg._refinement import RefinedParameter, Refinement, compare

__all__ = [
    "Background",
    "Beam",
    "BraggWarning",
    "Crystal",
    "Detector",
    "Experiment",
    "Noise",
    "Output",
    "Parameter",
    "Picture",
    "RefinedParameter",
    "Refinement",
    "Sampling",
    "Scan",
    "StructureFactors",
    "compare",
    "noise",
    "orient",
    "picture",
    "read",
    "write",
]

__version__: str = _bragg.version()


def __getattr__(name: str) -> object:
    # what needs another package is imported when it is used
    if name in ("jax", "scipy", "torch"):
        import importlib

        return importlib.import_module(f"bragg.{name}")
    raise AttributeError(f"module 'bragg' has no attribute {name!r}")
