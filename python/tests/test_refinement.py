"""Refinement from Python, and comparisons of images."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import bragg
from bragg._refinement import RefinedParameter, Refinement, _notes

FREE = ["crystal.cell.a", "crystal.cell.c", "orientation", "scale"]


@pytest.fixture
def truth(still: bragg.Experiment) -> bragg.Experiment:
    bright = still.replace(
        **{"crystal.shape": "gauss", "crystal.n_cells": 8, "beam.fluence": 1e31, "detector.pixel_size": 0.1}
    )
    return bright.shift({"crystal.orientation.x": 8.0, "crystal.orientation.z": 3.0})


@pytest.fixture
def start(truth: bragg.Experiment) -> bragg.Experiment:
    return truth.shift({"crystal.cell.a": 78.05, "crystal.orientation.x": 0.03, "crystal.orientation.y": 0.02, "crystal.scale": 0.8})


def test_it_finds_the_truth_within_its_uncertainty(truth: bragg.Experiment, start: bragg.Experiment) -> None:
    data = bragg.noise(truth.simulate(), seed=6)
    assert data.max() > 100
    found = start.refine(data, FREE, restraints={"crystal.cell.c": (38.0, 0.2)})
    assert found.converged and found.n_pixels == data.size
    assert list(found.parameters) == start.gradient_names(FREE)
    a = found.parameters["crystal.cell.a"]
    assert a.unit == "Å" and a.start == pytest.approx(78.05) and a.shift == a.value - a.start
    assert abs(a.value - 78) < 4 * a.esd and 0 < a.esd < 0.02
    assert abs(found.values["crystal.scale"] - 1) < 4 * found.esds["crystal.scale"] < 0.1
    assert found.losses[-1] < 0.5 * found.losses[0] and found.loss == found.losses[-1]
    # of Poisson noise: half the number of bright pixels
    assert found.experiment.cell[0] == pytest.approx(a.value, abs=1e-9)
    refined = found.experiment.simulate(dtype=np.float64)
    assert np.allclose(found.residual, data - refined, atol=1e-4)
    assert bragg.compare(truth.simulate(), refined)["correlation"] > 0.9999
    assert "crystal.cell.a" in str(found) and "converged" in str(found)


def test_it_sees_the_response_of_the_experiment(truth: bragg.Experiment) -> None:
    keys = {"noise.gain": 3.0, "noise.adc_offset": 40.0, "background.offset": 2.0}
    recorded = truth.replace(**keys, **{"noise.seed": 5})
    data = recorded.record(recorded.simulate())
    found = recorded.shift({"crystal.scale": 0.9}).refine(data, ["scale", "background.offset"])
    for name, value in (("crystal.scale", 1.0), ("background.offset", 2.0)):
        parameter = found.parameters[name]
        assert parameter.esd < 0.05 * value and abs(parameter.value - value) < 4 * parameter.esd, parameter
    as_bare_counts = recorded.refine(data, ["scale", "background.offset"], gain=1.0, adc_offset=0.0)
    assert as_bare_counts.parameters["crystal.scale"].value == pytest.approx(3.0, rel=0.05)


def test_it_is_the_refinement_of_the_program(
    truth: bragg.Experiment, start: bragg.Experiment, tmp_path: Path, program: Callable[..., Any]
) -> None:
    bragg.write(tmp_path / "data.npy", bragg.noise(truth.simulate(), seed=6))
    (tmp_path / "start.toml").write_text(start.to_toml(), encoding="utf-8")
    free = "crystal.cell.a,orientation,scale"
    report, out = tmp_path / "fit.json", tmp_path / "refined.toml"
    program("refine", tmp_path / "start.toml", tmp_path / "data.npy", "--free", free, "--quiet", "--json", report, "-o", out)
    theirs = {row["name"]: row for row in json.loads(report.read_text(encoding="utf-8"))["parameters"]}
    ours = start.refine(bragg.read(tmp_path / "data.npy"), free)
    assert set(theirs) == set(ours.parameters)
    for name, row in theirs.items():
        assert ours.values[name] == pytest.approx(row["value"], rel=1e-12, abs=1e-12)
        assert ours.esds[name] == pytest.approx(row["esd"], rel=1e-9)


def test_several_images_and_masks(truth: bragg.Experiment, start: bragg.Experiment) -> None:
    images = [bragg.noise(truth.shift({"crystal.scale": scale}).simulate(), seed=i) for i, scale in enumerate((1.0, 2.0))]
    found = start.refine(images, "crystal.cell.a,orientation", each="scale")
    scales = [found.values[f"crystal.scale of image {i}"] for i in (1, 2)]
    assert scales[1] / scales[0] == pytest.approx(2, rel=0.02) and len(found.experiments) == 2
    mask = np.zeros(truth.shape)
    mask[:, 40:] = 1
    part = start.refine(images[0], "crystal.scale", mask=mask, start="here", loss="square-root")
    assert part.n_pixels == np.count_nonzero(mask) and np.isnan(part.residual[0, 0])


def test_correlations_are_those_of_the_information(truth: bragg.Experiment, start: bragg.Experiment) -> None:
    data = bragg.noise(truth.simulate(), seed=6)
    found = start.refine(data, "crystal.cell.a,orientation,scale")
    names = [*found.parameters]
    photons, columns = found.experiment.value_and_jacobian(names)
    rows = columns.reshape(len(names), -1)
    information = rows / np.maximum(photons.ravel(), 1e-9) @ rows.T
    covariance = np.linalg.inv(information)
    esds = np.sqrt(np.diag(covariance))
    assert found.correlation is not None
    assert np.allclose(found.correlation, covariance / np.outer(esds, esds), atol=0.01)
    assert np.allclose([found.esds[name] for name in names], esds, rtol=0.01)
    for a, b, r in found.correlated:
        assert found.correlation[names.index(a), names.index(b)] == pytest.approx(r, rel=1e-9)


def test_iterations_are_told_and_may_stop_it(truth: bragg.Experiment, start: bragg.Experiment) -> None:
    data = bragg.noise(truth.simulate(), seed=6)
    told: list[tuple[int, int, float]] = []
    found = start.refine(data, FREE, restraints={"crystal.cell.c": (38.0, 0.2)}, progress=lambda *row: told.append(row))
    assert [loss for _, _, loss in told][-1] == found.loss
    assert len({number for _, number, _ in told}) == len(told) > 2

    def refuse(stage: int, number: int, loss: float) -> None:
        raise LookupError("enough")

    with pytest.raises(LookupError, match="enough"):
        start.refine(data, "orientation", progress=refuse)


def test_shoeboxes_are_the_pixels_near_bright_ones(truth: bragg.Experiment) -> None:
    data = np.zeros(truth.shape, np.int32)
    data[40, 50] = 10_000
    # a start without spots: the data alone say what is bright
    dark = truth.shift({"crystal.scale": 1e-9})
    dim = dark.replace(**{"background.offset": 0.01})
    found = dim.refine(data, "crystal.scale", shoeboxes=3, iterations=1, loss="square-root")
    used = np.isfinite(found.residual)
    assert found.n_pixels == np.count_nonzero(used) == 49 and used[37:44, 47:54].all()
    with pytest.raises(ValueError, match="data 1: has no bright pixel"):
        dim.refine(np.zeros_like(data), "crystal.scale", shoeboxes=3)
    with pytest.raises(ValueError, match="shoeboxes: is -1"):
        dim.refine(data, "crystal.scale", shoeboxes=-1)


@pytest.mark.parametrize("way", ["ladder", "blurred", "search"])
def test_ways_to_the_neighbourhood(truth: bragg.Experiment, way: Any) -> None:
    data = bragg.noise(truth.simulate(), seed=6)
    far = truth.shift({"crystal.orientation.x": 0.15, "crystal.orientation.y": -0.1})
    found = far.refine(data, "orientation,scale", start=way, reach=0.3)
    turned = found.values["crystal.orientation.x"]
    assert turned == pytest.approx(-0.15, abs=0.02)


def test_what_cannot_be_refined_is_refused(truth: bragg.Experiment) -> None:
    data = bragg.noise(truth.simulate(), seed=6)
    for options, words in [
        ({"free": "crystal.cel.a"}, "the nearest is crystal.cell.a, and `parameters` names all"),
        ({"free": ""}, "free: names no parameter"),
        ({"free": "crystal.fudge,crystal.mosaic.eta"}, "mosaic"),
        ({"free": "scale", "loss": "poison"}, "loss: is \"poison\""),
        ({"free": "scale", "start": "there"}, "start: is \"there\""),
        ({"free": "scale", "read_noise": 3.0}, "read_noise"),
        ({"free": "scale", "restraints": {"crystal.cell.a": (1.0, 2.0)}}, "not refined"),
        ({"free": "scale", "gain": 0.0}, "gain"),
        ({"free": "scale", "roi": (5, 4, 0, 3)}, "roi"),
        ({"free": "scale", "roi": (-5, 4, 0, 3)}, "roi"),
        ({"free": "scale", "roi": (0, 500, 0, 3)}, "data 1: has panels of .* the region goes to pixel 500, 3"),
        ({"free": "scale", "roi": (0, 5, 3)}, "roi: has 3 numbers"),
        ({"free": "scale", "iterations": -1}, "iterations"),
        ({"free": "scale", "shoeboxes": -1}, "shoeboxes"),
        ({"free": "scale", "mask": np.ones(3)}, "mask: has the shape"),
    ]:
        with pytest.raises(ValueError, match=words):
            truth.refine(data, **options)  # type: ignore[arg-type]
    for options, words in [
        ({"iterations": 2.5}, "iterations: is 2.5"),
        ({"shoeboxes": "a"}, "shoeboxes: is 'a'"),
        ({"max_counts": "a"}, "max_counts: is 'a'"),
        ({"reach": "a"}, "reach: is 'a'"),
    ]:
        with pytest.raises(TypeError, match=words):
            truth.refine(data, "scale", **options)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="panels of"):
        truth.refine(data[1:], "scale")
    with warnings.catch_warnings():
        warnings.simplefilter("error", bragg.BraggWarning)
        with pytest.raises(bragg.BraggWarning, match="iterations ran out"):
            truth.shift({"crystal.orientation.x": 0.1}).refine(data, "orientation", iterations=1)


def test_a_fit_to_nothing_says_so(truth: bragg.Experiment) -> None:
    dark = truth.replace(**{"crystal.scale": 1e-12, "background.offset": 2.0})
    with pytest.warns(bragg.BraggWarning, match="hardly tell"):
        found = dark.refine(bragg.noise(dark.simulate(), seed=3), "crystal.cell.a,orientation")
    assert "crystal.cell.a" in found.undetermined and "crystal.orientation.x" in found.undetermined


def test_warnings_name_ten_at_most() -> None:
    def result(unseen: int, at_bound: int, *doubts: str) -> Refinement:
        parameters = [RefinedParameter(f"p{i}", "", 0.0, 0.0, 0.0, at_bound=True) for i in range(at_bound)]
        return Refinement(
            parameters={parameter.name: parameter for parameter in parameters},
            experiments=(),
            residuals=(),
            losses=(1.0,),
            correlated=(),
            correlation=None,
            degenerate=(),
            unseen=tuple(f"f{i}" for i in range(unseen)),
            undetermined=(),
            ended="implausible" if doubts else "converged",
            doubts=doubts,
            n_pixels=1,
        )

    assert _notes(result(0, 0)) == []
    assert _notes(result(1, 1)) == [
        "f0 has next to no effect on the pixels that are used; it stays as it was",
        "p0 ended at its bound 0.0",
    ]
    many = _notes(result(12, 12))
    assert many[0].startswith("f0, f1, ") and " and 2 more have next to no effect" in many[0]
    assert len(many) == 12 and many[-1] == "2 more ended at their bounds"
    doubtful = _notes(result(0, 0, "the cell became another"))
    assert doubtful[0] == "the cell became another" and "no answer" in doubtful[1] and len(doubtful) == 2


def test_metrics_are_those_of_the_program(truth: bragg.Experiment, tmp_path: Path, program: Callable[..., Any]) -> None:
    a, b = truth.simulate(), truth.shift({"crystal.orientation.x": 0.01}).simulate()
    found = bragg.compare(a, b)
    doubles = a.astype(float), b.astype(float)
    assert found["correlation"] == pytest.approx(np.corrcoef(doubles[0].ravel(), doubles[1].ravel())[0, 1], rel=1e-9)
    assert found["sum_ratio"] == pytest.approx(doubles[1].sum() / doubles[0].sum(), rel=1e-12)
    mask = a > 1
    part = bragg.compare(a, b, mask=mask)
    assert part["correlation"] == pytest.approx(np.corrcoef(doubles[0][mask], doubles[1][mask])[0, 1], rel=1e-9)
    for images, options, what in [
        ((a[0], b), {}, "reference: has the shape"),
        ((a, b[0]), {}, "candidate: has the shape"),
        ((a, b), {"mask": mask[0]}, "mask: has the shape"),
        ((a, b), {"roi": (-1, 2, 0, 2)}, "roi: is"),
        ((a, b), {"roi": (0, 500, 0, 2)}, "roi: reaches to 500, 2"),
    ]:
        with pytest.raises(ValueError, match=what):
            bragg.compare(*images, **options)
    assert bragg.compare(a, a)["correlation"] == pytest.approx(1.0)
    with pytest.raises(ValueError, match="but the reference has"):
        bragg.compare(a, b[1:])
