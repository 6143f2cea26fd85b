from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

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
