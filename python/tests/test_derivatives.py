"""Derivatives against differences of images, and the ways to have them against each other."""

from __future__ import annotations

import os
import pickle
import signal
import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

import bragg

Doubles = npt.NDArray[np.float64]

NAMES = (
    "crystal.cell.a crystal.cell.b crystal.cell.c crystal.cell.alpha crystal.cell.beta crystal.cell.gamma "
    "crystal.orientation.x crystal.orientation.y crystal.orientation.z crystal.n_cells.b crystal.scale "
    "beam.wavelength beam.direction.x detector.distance detector.beam_center.fast detector.beam_center.slow "
    "detector.rotation.x detector.rotation.y detector.rotation.z"
).split()
# An image differs little after such a step, and its third differences are those of a smooth function.
STEPS = {"Å": 0.01, "deg": 0.008, "mm": 0.04, "px": 0.04}


def difference(f: Callable[[float], Doubles], step: float) -> Doubles:
    """The derivative at 0: central differences extrapolated to step 0 (Ridders), where the extrapolations agree best."""
    table: list[list[Doubles]] = []
    best, error = np.array(np.nan), np.inf
    for i in range(5):
        h = step / 2**i
        row = [(f(h) - f(-h)) / (2 * h)]
        for j, before in enumerate(table[-1] if table else []):
            row.append(row[j] + (row[j] - before) / (4 ** (j + 1) - 1))
            off = float(np.linalg.norm(row[j + 1] - row[j]))
            if off < error:
                best, error = row[j + 1], off
        table.append(row)
    return best


def image(exp: bragg.Experiment, values: dict[str, float]) -> Doubles:
    return exp.shift(values).simulate(dtype=np.float64).astype(np.float64)


def weights(exp: bragg.Experiment) -> Doubles:
    return np.random.default_rng(7).normal(size=exp.shape)


def test_indices_are_large_and_spots_are_there(scene: bragg.Experiment) -> None:
    spots = scene.simulate()
    assert spots.max() > 100 and np.count_nonzero(spots > 1) > 30
    # the finest spacing: of the pixel furthest from the beam
    two_theta = np.arctan(np.hypot(28.5, 25.9) / 90)
    assert max(scene.cell[:3]) * 2 * np.sin(two_theta / 2) / 0.9 > 40


@pytest.mark.parametrize("turned", [False, True])
def test_jacobian_is_what_differences_say(scene: bragg.Experiment, turned: bool) -> None:
    known = scene.parameters()
    names = [name for name in NAMES if name in known]
    assert len(names) >= 18
    values = {name: float(known[name].value or 0.0) for name in names}
    if turned:
        # far from the experiment, where rotations do not commute
        values.update({"crystal.orientation.x": 9.0, "crystal.orientation.y": -14.0, "crystal.orientation.z": 6.0})
        values.update({"crystal.cell.a": 118.0, "crystal.cell.gamma": 99.0, "detector.rotation.y": 8.0})
        values.update({"detector.rotation.x": -6.0, "crystal.scale": 1.7})
    columns = scene.jacobian(names, values=values)
    assert columns.shape == (len(names), *scene.shape)
    for name, column in zip(names, columns):
        step = STEPS.get(known[name].unit, 0.02 * abs(values[name]))
        if name == "beam.wavelength":
            step = 2e-4
        expected = difference(lambda by: image(scene, {**values, name: values[name] + by}), step)  # noqa: B023
        assert np.linalg.norm(column) > 1e-3 * np.linalg.norm(image(scene, values)) * min(1.0, step), name
        # round spots have wide skirts, which jump where a sample passes the middle between two reflections
        tolerance = 2e-4 if scene["crystal.shape"] == "round" else 2e-6
        assert np.linalg.norm(column - expected) < tolerance * np.linalg.norm(expected), name


def test_all_ways_to_a_derivative_agree(scene: bragg.Experiment) -> None:
    names = scene.gradient_names(["cell", "orientation", "detector", "scale"])
    values = {"crystal.orientation.y": 3.0, "detector.distance": 91.0}
    photons, columns = scene.value_and_jacobian(names, values=values)
    assert np.allclose(photons, image(scene, values), rtol=1e-9, atol=1e-9 * photons.max())
    w = weights(scene)
    expected = {name: float((w * column).sum()) for name, column in zip(names, columns)}
    sizes = {name: float(np.abs(w * column).sum()) for name, column in zip(names, columns)}
    found = scene.gradient(w, names, values=values)
    assert list(found) == names
    for name in names:
        assert abs(found[name] - expected[name]) < 1e-9 * sizes[name], name
    loss, again = scene.value_and_gradient(lambda pixels: (float((w * pixels).sum()), w), names, values=values)
    assert again == found and loss == pytest.approx(float((w * photons).sum()), rel=1e-9)
    direction = {name: (-1) ** i * (i + 1.0) for i, name in enumerate(names)}
    along = scene.jvp(direction, values=values)
    expected_along = sum(rate * column for rate, column in zip(direction.values(), columns))
    assert np.linalg.norm(along - expected_along) < 1e-9 * np.linalg.norm(along)
    blocks = list(scene.jacobian_blocks(names, values=values, rows=7))
    assert [rows for rows, _, _ in blocks] == [slice(0, 7), slice(7, 14), slice(14, 21), slice(21, 26)]
    assert np.array_equal(np.concatenate([part for _, part, _ in blocks]), photons)
    assert np.array_equal(np.concatenate([part for _, _, part in blocks], axis=1), columns)
    part = scene.jacobian(names, roi=(3, 20, 5, 9), values=values)
    assert np.array_equal(part, columns[:, 5:10, 3:21])


def test_threads_do_not_change_derivatives(scene: bragg.Experiment) -> None:
    w = weights(scene)
    assert scene.gradient(w, "all", threads=1) == scene.gradient(w, "all", threads=3)
    assert np.array_equal(scene.jacobian("cell", threads=1), scene.jacobian("cell", threads=3))


def test_every_parameter_that_is_listed_has_a_derivative(scene: bragg.Experiment) -> None:
    listed = scene.parameters()
    found = scene.gradient(weights(scene))
    assert list(found) == list(listed) and len(found) > 30
    assert all(np.isfinite(value) for value in found.values())
    assert listed["crystal.cell.a"].value == pytest.approx(121.0) and listed["crystal.cell.a"].unit == "Å"
    everything = scene.parameters(refused=True)
    refused = {name: row.refusal for name, row in everything.items() if name not in listed}
    assert "moves equal numbers together" in str(refused["crystal.cell.a_b_c"])
    with pytest.raises(ValueError, match="moves equal numbers together"):
        scene.gradient(weights(scene), "crystal.cell.a_b_c")


def test_amplitudes_of_a_list(root: Any) -> None:
    indices = np.array([[h, k, l] for h in range(-35, 36) for k in range(-35, 36) for l in range(-35, 36)])
    amplitudes = 60 + 50 * np.cos(indices @ np.array([1.0, 1.7, 2.3]))

    def experiment(listed: Doubles) -> bragg.Experiment:
        factors = bragg.StructureFactors.from_arrays(indices, listed, default=0.0).replace(scale=0.7, b_factor=8.0)
        return bragg.Experiment(
            bragg.Crystal(cell=[100, 110, 95], misset=[3, 5, 7], n_cells=4, structure_factors=factors),
            bragg.Beam(wavelength=0.9, fluence=1e24),
            bragg.Detector(distance=100, pixels=[40, 40], pixel_size=0.9, beam_center=[2, 3]),
            sampling={"oversample": 1},
        )

    exp = experiment(amplitudes)
    w = weights(exp)
    by_name, found = exp.gradient(w, "scale", amplitudes=True)
    assert found.shape == (len(indices),) and list(by_name) == ["crystal.scale"]
    # |F|² of each pixel's reflections: a sum over all amplitudes of F·∂/∂F is twice the sum over the pixels
    assert float(found @ amplitudes) == pytest.approx(2 * float((w * exp.simulate(dtype=np.float64)).sum()), rel=1e-9)
    strongest = np.argsort(-np.abs(found))[:3]
    assert np.abs(indices[strongest]).max() > 5
    for i in strongest:

        def loss(by: float) -> Doubles:
            moved = amplitudes.copy()
            moved[i] += by  # noqa: B023
            return np.array((w * experiment(moved).simulate(dtype=np.float64)).sum())

        # a quadratic function: central differences are exact
        assert float(loss(0.5) - loss(-0.5)) == pytest.approx(found[i], rel=1e-7)
        h, k, l = indices[i]
        name = f"crystal.structure_factors.f2[{h},{k},{l}]"
        assert exp.gradient(w, name)[name] == pytest.approx(found[i] / (2 * amplitudes[i]), rel=1e-9)
    # a reflection that was moved stays moved, whatever is made of the experiment
    moved = exp.shift({name: 4 * amplitudes[i] ** 2})
    image = moved.simulate()
    assert not np.allclose(image, exp.simulate())
    part = moved.simulate(roi=[0, 20, 5, 39])
    assert np.array_equal(part[5:40, 0:21], image[5:40, 0:21]) and part.any()
    assert np.array_equal(pickle.loads(pickle.dumps(moved)).simulate(), image)
    assert np.array_equal(moved.replace(**{"crystal.scale": 2.0}).simulate(), 2 * image)


def test_shifts_are_rotations_on_top_and_replace_makes_them(still: bragg.Experiment) -> None:
    turned = still.replace(**{"crystal.orientation.x": 2.0, "detector.distance": 110})
    assert turned["detector.distance"] == 110
    other = still.replace(**{"crystal.misset": [2.0, 0, 0], "detector.distance": 110})
    assert np.allclose(turned.simulate(), other.simulate(), rtol=1e-5) and turned.simulate().max() > 0.01
    # a rotation there, and back from there
    back = turned.shift({"crystal.orientation.x": -2.0, "detector.distance": 100.0})
    assert np.allclose(back.simulate(), still.simulate(), rtol=1e-5)
    longer = still.shift({"crystal.cell.a": 80.0})
    assert longer.cell == pytest.approx((80, 79, 38, 90, 90, 90))
    assert np.allclose(longer.simulate(), still.replace(**{"crystal.cell.a": 80}).simulate(), rtol=1e-5)
    # what was shifted can be written, read, sent and replaced again
    assert np.array_equal(bragg.Experiment.from_toml(turned.to_toml()).simulate(), turned.simulate())
    assert turned.replace(**{"beam.wavelength": 1.1})["detector.distance"] == 110
    again = turned.replace(**{"detector.distance": 100, "crystal.cell.a": 80})
    expected = still.replace(**{"crystal.cell.a": 80, "crystal.misset": [2, 0, 0]})
    assert again.cell == pytest.approx((80, 79, 38, 90, 90, 90)) and again["detector.distance"] == 100
    assert np.allclose(again.simulate(), expected.simulate(), rtol=1e-5)
    sent = pickle.loads(pickle.dumps(turned))
    assert np.array_equal(sent.simulate(), turned.simulate())


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"crystal.cell.a": -5.0}, "crystal.cell.a: is -5; it must be a number, greater than 0"),
        ({"crystal.cell.a": float("nan")}, "crystal.cell.a: is NaN"),
        ({"crystal.cell.alpha": 1.0, "crystal.cell.beta": 170.0}, "no volume"),
        ({"crystal.cel.a": 1.0}, "the nearest is crystal.cell.a"),
        ({"crystal.mosaic.seed": 1.0}, "is a seed"),
        ({"beam.kahn_factor": 2.0}, "from -1 to 1"),
    ],
)
def test_impossible_values_are_refused(still: bragg.Experiment, change: dict[str, float], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        still.shift(change)
    with pytest.raises(ValueError, match=words):
        still.gradient(np.ones(still.shape), values=change)


def test_cotangents_of_another_shape_and_bad_windows_are_refused(still: bragg.Experiment) -> None:
    with pytest.raises(ValueError, match="those of the detector"):
        still.gradient(np.ones((3, 4)), "scale")
    with pytest.raises(ValueError, match="roi"):
        still.jacobian("scale", roi=(0, 500, 0, 5))
    for roi in [(-1, 5, 0, 5), (5, 4, 0, 5)]:
        with pytest.raises(ValueError, match="roi.*: is"):
            still.jacobian("scale", roi=roi)
    with pytest.raises(ValueError, match="cotangent: has the shape"):
        still.gradient(np.ones(4), "scale")
    for roi in [(5, 4, 0, 5), (0, 5, 5, 4), (-1, 5, 0, 5), (0, 500, 0, 5)]:
        with pytest.raises(ValueError, match="roi"):
            next(still.jacobian_blocks("scale", roi=roi))
    (place, _, part), *_ = still.jacobian_blocks("scale", roi=np.array([0, 5, 2, 5]).tolist())
    assert place == slice(2, 6) and part.shape == (1, 4, 6)
    for rows in (0, -3):
        with pytest.raises(ValueError, match="rows"):
            next(still.jacobian_blocks("scale", rows=rows))
    with pytest.raises(ValueError, match="values"):
        still.gradient(np.ones(still.shape), "scale", values={"crystal.cell.a": 80.0})
    with pytest.raises(ValueError, match="no list of reflections"):
        still.gradient(np.ones(still.shape), "scale", amplitudes=True)
    tophat = still.replace(**{"crystal.shape": "tophat"})
    with pytest.raises(ValueError, match="tophat"):
        tophat.gradient(np.ones(still.shape), "scale")
    # its image can be moved all the same
    assert tophat.shift({"crystal.scale": 2.0}).simulate().sum() == pytest.approx(2 * tophat.simulate().sum(), rel=1e-5)


def test_panels_of_several_sizes(root: Any) -> None:
    exp = bragg.Experiment.from_toml(root / "examples" / "two_panels.toml").replace(**{"sampling.oversample": 1})
    names = ["crystal.scale", "detector.panel[1].origin.x"]
    ones = [np.ones_like(panel) for panel in exp.simulate_panels()]
    found = exp.gradient(ones, names)

    def total(scale: float) -> float:
        moved = exp.shift({"crystal.scale": scale})
        return sum(float(panel.sum()) for panel in moved.simulate_panels(dtype=np.float64))

    # the image is a straight line in the scale
    assert found["crystal.scale"] == pytest.approx(total(2.0) - total(1.0), rel=1e-6) and total(1.0) > 0


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no timers here")
def test_ctrl_c_stops_a_sweep(still: bragg.Experiment) -> None:
    large = still.replace(**{"detector.pixels": [3000, 3000], "sampling.oversample": 4})
    cotangent = np.ones(large.shape)
    timer = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT))
    # what runs in the background is started with the signal ignored
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        timer.start()
        with pytest.raises(KeyboardInterrupt):
            large.gradient(cotangent, "cell,orientation")
    finally:
        timer.cancel()
        signal.signal(signal.SIGINT, before)


def test_ctrl_c_stops_within_one_pixel(still: bragg.Experiment) -> None:
    pixel = still.replace(**{"detector.pixels": [1, 1], "sampling.oversample": 10_000})
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        for work in (lambda: pixel.simulate(threads=1), lambda: pixel.gradient(np.ones((1, 1)), "cell")):
            timer = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT))
            timer.start()
            start = time.perf_counter()
            with pytest.raises(KeyboardInterrupt):
                work()
            # minutes otherwise
            assert time.perf_counter() - start < 20
    finally:
        signal.signal(signal.SIGINT, before)


def test_only_real_numbers_are_differentiated(still: bragg.Experiment) -> None:
    for strange in (np.ones(still.shape, complex), np.ones(still.shape, object), np.full(still.shape, "1")):
        with pytest.raises(TypeError, match="cotangent: is an array of .*real numbers"):
            still.gradient(strange, "scale")
    counts = np.ones(still.shape, np.int16)
    assert still.gradient(counts, "scale") == still.gradient(np.ones(still.shape), "scale")


def test_threads_may_share_an_experiment(scene: bragg.Experiment) -> None:
    from concurrent.futures import ThreadPoolExecutor

    w = weights(scene)
    alone = scene.gradient(w, "cell,orientation")
    columns = scene.jacobian("cell")
    with ThreadPoolExecutor(4) as pool:
        sweeps = [pool.submit(scene.gradient, w, "cell,orientation") for _ in range(12)]
        matrices = [pool.submit(scene.jacobian, "cell", threads=2) for _ in range(12)]
    assert all(sweep.result() == alone for sweep in sweeps)
    assert all(np.array_equal(matrix.result(), columns) for matrix in matrices)
