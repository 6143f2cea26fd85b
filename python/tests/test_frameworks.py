"""JAX and SciPy; and what is said where a package is not there."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pytest

import bragg

NAMES = (
    "crystal.cell.a crystal.cell.b crystal.cell.c crystal.cell.alpha crystal.cell.beta crystal.cell.gamma "
    "crystal.orientation.x crystal.orientation.y crystal.orientation.z crystal.n_cells.a crystal.scale "
    "beam.wavelength detector.distance"
).split()
SIZES = np.array([0.05, 0.05, 0.05, 0.05, 0.05, 0.05, 0.02, 0.02, 0.02, 0.2, 0.1, 0.001, 0.1])


@pytest.fixture
def jax() -> Any:
    jax = pytest.importorskip("jax")
    jax.config.update("jax_enable_x64", True)
    return jax


def test_jax_checks_gradients(scene: bragg.Experiment, jax: Any) -> None:
    from jax import test_util

    from bragg.jax import simulate

    exp = scene.replace(**{"detector.pixels": [9, 8], "detector.pixel_size": 3.0, "detector.beam_center": [-1.5, -2.5]})
    known = exp.parameters()
    start = np.array([known[name].value for name in NAMES]) + 8 * SIZES
    scale = float(exp.simulate().max())

    def image(steps: Any) -> Any:
        return simulate(exp, dict(zip(NAMES, start + SIZES * steps))) / scale

    check: Any = test_util.check_grads
    zeros = np.zeros(len(NAMES))
    assert np.abs(image(zeros)).max() > 0.05
    check(image, (zeros,), order=1, modes=["rev"], eps=1e-4, atol=2e-5, rtol=1e-4)
    check(jax.jit(image), (zeros,), order=1, modes=["rev"], eps=1e-4, atol=2e-5, rtol=1e-4)


def test_jax_gives_the_image_and_the_gradient_of_the_experiment(scene: bragg.Experiment, jax: Any) -> None:
    from bragg.jax import simulate

    weights = np.random.default_rng(3).normal(size=scene.shape)
    calls = jax.jit(lambda x: simulate(scene, {"crystal.orientation.z": x, "crystal.scale": 2.0}))
    at = {"crystal.orientation.z": 3.5, "crystal.scale": 2.0}
    assert np.array_equal(calls(3.5), scene.shift(at).simulate(dtype=np.float64))
    found = jax.jit(jax.grad(lambda x: (weights * calls(x)).sum()))(3.5)
    expected = scene.gradient(weights, values=at)["crystal.orientation.z"]
    assert float(found) == pytest.approx(expected, rel=1e-12) and abs(expected) > 1
    many = jax.vmap(lambda x: simulate(scene, {"crystal.orientation.z": x}))(np.array([0.0, 3.5]))
    assert np.array_equal(many[1], scene.shift({"crystal.orientation.z": 3.5}).simulate(dtype=np.float64))
    with pytest.raises(ValueError, match="the nearest is"):
        simulate(scene, {"crystal.cel.a": 1.0})
    refused: list[tuple[dict[str, Any], Any, str]] = [
        ({"cell": 1.0}, None, "cell: stands for"),
        ({"crystal.scale": np.ones(3)}, None, "crystal.scale: has the shape"),
        ({"crystal.scale": 1.0}, np.ones(3), "amplitudes"),
    ]
    for params, amplitudes, words in refused:
        with pytest.raises(ValueError, match=words):
            simulate(scene, params, amplitudes=amplitudes)
    with pytest.raises(TypeError):
        jax.jvp(lambda x: simulate(scene, {"crystal.scale": x}), (1.0,), (1.0,))


def test_jax_learns_amplitudes(jax: Any) -> None:
    from bragg.jax import simulate

    indices = np.array([[h, k, l] for h in range(-31, 40) for k in (-2, -1, 0, 1) for l in (-2, -1, 0)])
    amplitudes = 60 + 50 * np.cos(indices @ np.array([1.0, 1.7, 2.3]))
    factors = bragg.StructureFactors.from_arrays(indices, amplitudes)
    exp = bragg.Experiment(
        bragg.Crystal(cell=[100, 30, 25], misset=[3, 5, 7], n_cells=5, structure_factors=factors),
        bragg.Beam(wavelength=0.9, fluence=1e26),
        bragg.Detector(distance=100, pixels=[16, 16], pixel_size=2.0, beam_center=[1, 1]),
        sampling={"oversample": 2},
    )
    found = jax.grad(lambda f: (simulate(exp, {}, amplitudes=f) ** 2).sum())(amplitudes)
    expected = exp.gradient(2 * exp.simulate(dtype=np.float64), "scale", amplitudes=True)[1]
    assert np.allclose(found, expected, rtol=1e-12) and np.count_nonzero(found) > 20


def test_scipy_refines(still: bragg.Experiment) -> None:
    pytest.importorskip("scipy")
    from bragg.scipy import Residuals

    exp = still.replace(**{"crystal.shape": "gauss", "crystal.n_cells": 8, "beam.fluence": 1e31, "detector.pixel_size": 0.1})
    exp = exp.shift({"crystal.orientation.x": 8.0, "crystal.orientation.z": 3.0})
    photons = exp.simulate(dtype=np.float64)
    data = bragg.noise(photons, seed=4).astype(float)
    bright = photons > 10
    data[~bright] = np.nan
    off = {"crystal.cell.a": 78.05, "crystal.cell.b": 78.97, "crystal.orientation.x": 0.03, "crystal.orientation.y": 0.02}
    start = exp.shift({**off, "crystal.scale": 0.9})
    problem = Residuals(start, data, "crystal.cell.a,crystal.cell.b,orientation,scale", sigma=np.sqrt(photons + 1e-9))
    assert np.count_nonzero(bright) > 200 and problem(problem.x0).shape == (np.count_nonzero(bright),)
    step = np.array([1e-5, 0, 0, 0, 0, 0])
    difference = (problem(problem.x0 + step) - problem(problem.x0 - step)) / 2e-5
    column = problem.jac(problem.x0)[:, 0]
    assert np.linalg.norm(column - difference) < 1e-6 * np.linalg.norm(column)
    found = problem.solve()
    known = np.linalg.inv(found.jac.T @ found.jac)
    refined = problem.experiment(found.x)
    for value, truth, variance in ((refined.cell[0], 78, known[0, 0]), (refined.cell[1], 79, known[1, 1])):
        assert abs(value - truth) < 4 * np.sqrt(variance) and np.sqrt(variance) < 0.02
    assert 2 * found.cost / np.count_nonzero(bright) == pytest.approx(1, abs=0.3)
    with pytest.raises(ValueError, match="shape"):
        Residuals(exp, data[1:], "cell")
    for roi in [(-4, 3, 0, 5), (0, 10_000, 0, 5), (0, 5, 0)]:
        with pytest.raises(ValueError, match="roi"):
            Residuals(exp, data, "cell", roi=roi)
    with pytest.raises(ValueError, match="sigma: has the shape"):
        Residuals(exp, data, "cell", sigma=np.ones(3))
    with pytest.raises(TypeError, match="data: is an array of complex"):
        Residuals(exp, data + 1j, "cell")


def test_scipy_leaves_out_flags_and_what_is_not_computed(still: bragg.Experiment) -> None:
    from bragg.scipy import Residuals

    whole = still.shift({"crystal.orientation.x": 8.0})
    counts = bragg.noise(whole.simulate(), seed=4)
    counts[3, 4] = -1
    assert Residuals(whole, counts, "scale")(np.ones(1)).size == counts.size - 1
    assert Residuals(whole, counts, "scale", roi=(4, 5, 2, 3))(np.ones(1)).size == 3
    # photons may be below 0, counts less an offset
    assert Residuals(whole, counts.astype(float), "scale")(np.ones(1)).size == counts.size
    part = whole.replace(**{"detector.roi": [10, 19, 20, 39]})
    residuals = Residuals(part, counts, "scale")
    assert np.array_equal(residuals(np.ones(1)), (part.simulate(dtype=np.float64) - counts)[20:40, 10:20].ravel())
    assert residuals.jac(np.ones(1)).shape == (200, 1)
    with pytest.raises(ValueError, match="data: has no pixel"):
        Residuals(part, counts, "scale", roi=(0, 5, 0, 5))


def test_what_is_missing_is_said() -> None:
    code = (
        "import sys\n"
        "for name in ('torch', 'jax'):\n"
        "    sys.modules[name] = None\n"
        "import bragg\n"
        "for name, needs in (('torch', 'pip install torch'), ('jax', 'pip install jax')):\n"
        "    try:\n"
        "        getattr(bragg, name)\n"
        "    except ImportError as error:\n"
        "        assert needs in str(error), error\n"
        "    else:\n"
        "        raise AssertionError(name)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_scipy_refines_a_still_of_1a8o(root: Any) -> None:
    pytest.importorskip("scipy")
    from bragg.scipy import Residuals

    values = {
        "crystal.misset": [10, 20, 30],
        "crystal.shape": "gauss",
        "detector.pixels": [140, 140],
        "detector.pixel_size": 0.5,
        "detector.distance": 150,
        "sampling.oversample": 2,
        "scan.range": 0,
        "crystal.n_cells": [10, 10, 5],
        "crystal.n_blocks": 1,
        "crystal.mosaic.domains": 10,
        "background.water_volume": 3.2e-13,
        "scan.steps": 1,
        "beam.fluence": 1e28,
    }
    truth = bragg.Experiment.from_crystal(root / "examples" / "1a8o.pdb", values)
    photons = truth.simulate(dtype=np.float64)
    # without the direct beam
    slow, fast = np.indices(photons.shape)
    used = (np.hypot(slow - 70, fast - 70) > 12) & (photons > 10)
    assert np.count_nonzero(used) > 100
    data = np.where(used, bragg.noise(photons, seed=8), np.nan)
    start = truth.shift({"crystal.cell.a_b": 42.0, "crystal.cell.c": 88.85, "crystal.orientation.x": 0.03, "crystal.scale": 0.9})
    problem = Residuals(start, data, "cell,orientation,scale", sigma=np.sqrt(photons))
    found = problem.solve()
    sigma = np.sqrt(np.diag(np.linalg.inv(found.jac.T @ found.jac)))
    refined = problem.experiment(found.x)
    assert problem.names[:2] == ["crystal.cell.a_b", "crystal.cell.c"]
    assert np.all(np.abs(np.subtract(refined.cell[1:3], truth.cell[1:3])) < 4 * sigma[:2]) and np.all(sigma[:2] < 0.1)
    assert 2 * found.cost / np.count_nonzero(used) == pytest.approx(1, abs=0.3)
