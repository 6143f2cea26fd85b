"""Absolute X-ray diffraction images from crystals.

An `Experiment` is a crystal, a beam and a detector; its `simulate` gives the photons that each pixel expects. Lengths of the crystal
are in Å, of the detector in mm, angles in degrees, unless text says another unit: ``distance="0.1 m"``. Every value has a dotted name,
such as ``detector.distance``: the same in experiment files, on the command line and here.
"""

from __future__ import annotations

from bragg import _bragg
from bragg._experiment import Experiment
from bragg._images import BraggWarning, Picture, noise, picture, read, write
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

__all__ = [
    "Background",
    "Beam",
    "BraggWarning",
    "Crystal",
    "Detector",
    "Experiment",
    "Noise",
    "Output",
    "Picture",
    "Sampling",
    "Scan",
    "StructureFactors",
    "noise",
    "picture",
    "read",
    "write",
]

__version__: str = _bragg.version()
