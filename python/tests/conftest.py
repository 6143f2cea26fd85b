from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import bragg

ROOT = Path(__file__).resolve().parents[2]


def pytest_configure(config: pytest.Config) -> None:
    # tests look at notices where they matter
    config.addinivalue_line("filterwarnings", "ignore::bragg.BraggWarning")


@pytest.fixture
def root() -> Path:
    return ROOT


@pytest.fixture
def still() -> bragg.Experiment:
    """A small image that takes no time."""
    return bragg.Experiment(
        bragg.Crystal(cell=[78, 79, 38], n_cells=10, structure_factors={"default": 100.0}),
        bragg.Beam(wavelength=1.0, fluence=1e24),
        bragg.Detector(distance=100, pixels=[128, 96], pixel_size=0.2),
        sampling={"oversample": 1},
    )


@pytest.fixture
def program() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs the program `bragg`: the one that BRAGG_PROGRAM names, or that of the package."""
    given = os.environ.get("BRAGG_PROGRAM")
    own = [sys.executable, "-c", "import sys; from bragg._program import bragg; sys.exit(bragg())"]

    def run(*words: str | Path) -> subprocess.CompletedProcess[str]:
        command = [given] if given else own
        return subprocess.run(
            [*command, *map(str, words)], check=True, stdin=subprocess.DEVNULL, capture_output=True, text=True
        )

    return run


# Values of the derivatives' tests. Beam in a corner, so that indices go beyond 30; few cells, so that spots are wide, but in shapes
# with a kink between two reflections not so few that they reach there.
_CRYSTAL = {"cell": [121, 63, 52, 88, 95, 103], "misset": [10, 25, 40], "n_cells": [12, 11, 13]}
_DETECTOR = {"distance": 90, "pixel_size": 0.9, "beam_center": [-1.5, -2.5]}


def _reflections() -> bragg.StructureFactors:
    axes = [np.arange(-n, n + 1) for n in (42, 18, 15)]
    indices = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)
    amplitudes = 60 + 50 * np.cos(indices @ np.array([1.0, 1.7, 2.3]))
    return bragg.StructureFactors.from_arrays(indices, amplitudes, default=20.0).replace(b_factor=8.0)


@pytest.fixture(params=["square", "round", "gauss"])
def scene(request: pytest.FixtureRequest) -> bragg.Experiment:
    """Three small experiments whose images depend on many parameters."""
    detector = {**_DETECTOR, "pixels": [30, 26]}
    if request.param == "square":
        return bragg.Experiment(
            {**_CRYSTAL, "n_cells": [4, 6, 5], "shape": "square", "structure_factors": {"default": 100.0}},
            {"wavelength": 0.9, "fluence": 1e28},
            detector,
            sampling={"oversample": 2},
        )
    if request.param == "round":
        return bragg.Experiment(
            {**_CRYSTAL, "shape": "round", "structure_factors": {"default": 100.0}, "mosaic": {"eta": 0.4, "domains": 4}},
            {"wavelength": 0.9, "fluence": 1e28, "dispersion": {"range": 0.01, "steps": 2}},
            {**detector, "sensor": {"thickness": 0.4, "attenuation_length": 0.3, "layers": 2}},
            sampling={"oversample": 1},
        )
    return bragg.Experiment(
        {**_CRYSTAL, "n_cells": [9, 8, 8], "shape": "gauss", "structure_factors": _reflections()},
        {"wavelength": 0.9, "fluence": 1e28},
        {**detector, "tilt": [4, -3, 2]},
        {"range": 0.6, "steps": 3, "axis": [0.1, 1, 0]},
        sampling={"oversample": 1},
        background={"offset": 0.5},
    )
