"""What is given, what follows from it, and what is refused."""

from __future__ import annotations

import doctest
import pickle
import sys
from pathlib import Path

import numpy as np
import pytest

import bragg
from bragg import _bragg, _experiment, _orientation

CRYSTAL = bragg.Crystal(cell=[78, 79, 38], n_cells=10, structure_factors={"default": 100.0})
BEAM = bragg.Beam(wavelength=1.0)
DETECTOR = bragg.Detector(distance=100, pixels=[128, 96], pixel_size=0.2)


def test_the_keywords_are_the_keys_of_the_program(root: Path) -> None:
    sys.path.insert(0, str(root / "python" / "tools"))
    try:
        import make_parts
    finally:
        sys.path.pop(0)
    made = make_parts.text(_bragg.keys())
    assert (root / "python" / "bragg" / "_parts.py").read_text(encoding="utf-8") == made, (
        "python/bragg/_parts.py is out of date: run python/tools/make_parts.py"
    )
    # sentences begin with a capital letter, symbols stay as they are
    assert "        a, b, c (Å), alpha" in made and "        Number of unit cells along a, b and c" in made


def test_examples_in_the_documentation() -> None:
    for module, least in [(_experiment, 6), (_orientation, 3)]:
        failed, n_tests = doctest.testmod(module)
        assert n_tests >= least and failed == 0


def test_values_come_back_in_their_units(still: bragg.Experiment) -> None:
    assert still["crystal.cell.a"] == 78.0
    assert still["crystal.cell"] == {"a": 78, "b": 79, "c": 38, "alpha": 90, "beta": 90, "gamma": 90}
    assert still["detector.pixels"] == [128, 96]
    assert still["crystal.shape"] == "square"
    assert still.cell == pytest.approx((78, 79, 38, 90, 90, 90))
    assert still.origin("crystal.shape") == "default"
    assert still.origin("crystal.cell.a") == "Python"
    with_units = still.replace(**{"detector.distance": "0.25 m", "beam.energy": "12.4 keV"})
    assert with_units["detector.distance"] == 250.0
    assert with_units["beam.energy"] == 12400.0
    # E = hc/λ, hc = 12398.42 eV Å
    assert with_units["beam.wavelength"] == pytest.approx(12398.4198 / 12400, rel=1e-7)


def test_values_are_there_by_every_name(root: Path) -> None:
    """However cell and orientation were given, every other way to say them is there, and says the same."""
    cell = [61.2, 72.3, 83.4, 81.0, 97.0, 102.0]
    chance = bragg.Experiment({**CRYSTAL, "cell": cell, "orientation": "random", "orientation_seed": 7}, BEAM, DETECTOR)
    names = ["crystal.misset", "crystal.u_matrix", "crystal.a_matrix"]
    a_matrix = np.reshape(chance["crystal.a_matrix"], (3, 3))
    axes = np.array([chance[f"crystal.real_space_{edge}"] for edge in "abc"])
    assert np.allclose(axes @ a_matrix, np.eye(3), atol=1e-12)
    assert np.allclose(np.linalg.norm(axes, axis=1), cell[:3], rtol=1e-12)
    u = np.reshape(chance["crystal.u_matrix"], (3, 3))
    assert np.allclose(u @ u.T, np.eye(3), atol=1e-12) and np.linalg.det(u) > 0
    # a along x and b in the xy plane before the crystal is turned
    assert np.allclose(u.T @ axes[0], [cell[0], 0, 0], atol=1e-10) and abs((u.T @ axes[1])[2]) < 1e-10
    for name in names:
        fresh = {} if name == "crystal.a_matrix" else {"crystal.cell": cell}
        other = bragg.Experiment(
            {"n_cells": 10, "structure_factors": {"default": 100.0}}, BEAM, DETECTOR, values={**fresh, name: chance[name]}
        )
        for known in names:
            assert np.allclose(other[known], chance[known], atol=1e-9), (name, known)
        names_of_cell = ("a", "b", "c", "alpha", "beta", "gamma")
        assert [other["crystal.cell"][last] for last in names_of_cell] == pytest.approx(cell)
        assert "crystal." in str(other.origin("crystal.real_space_a"))
    assert chance["beam.energy"] == pytest.approx(12398.4198, rel=1e-7)
    assert chance["detector.panel"][0]["pixels"] == [128, 96]
    assert np.allclose(chance["detector.panel[0].origin"], [-12.8, 9.6, -100])
    panels = bragg.Experiment.from_toml(root / "examples" / "two_panels.toml")
    assert panels["detector.panel[1].pixels"] == panels["detector.pixels"] == [400, 800]
    with pytest.raises(KeyError):
        chance["crystal.a_matrices"]
    # these stay a way to make the same experiment again
    assert not {"crystal.a_matrix", "crystal.misset"} & chance.to_dict().keys()
    assert bragg.Experiment(values=chance.to_dict())["crystal.a_matrix"] == chance["crystal.a_matrix"]


def test_values_are_there_after_a_refinement(still: bragg.Experiment) -> None:
    moved = still.shift({"crystal.cell.a": 78.3, "crystal.orientation.z": 0.5})
    assert moved["crystal.cell.a"] == pytest.approx(78.3) and moved["crystal.cell"]["b"] == pytest.approx(79.0)
    # a rotation about z by half a degree
    assert np.allclose(moved["crystal.misset"], [0, 0, 0.5], atol=1e-9)
    assert moved.replace(**{"crystal.cell.a": 78.4})["crystal.cell.a"] == pytest.approx(78.4)


def test_orientations(still: bragg.Experiment, root: Path) -> None:
    assert np.allclose(bragg.orient([10, 20, 40]), np.diag([0.1, 0.05, 0.025]), atol=1e-15)
    assert np.allclose(bragg.orient(misset=[0, 0, 90]), [[0, -1, 0], [1, 0, 0], [0, 0, 1]], atol=1e-15)
    many = bragg.orient(seed=3, count=2000)
    assert np.allclose(many @ many.transpose(0, 2, 1), np.eye(3), atol=1e-12) and np.allclose(np.linalg.det(many), 1)
    # of rotations drawn uniformly each element has the mean 0 and the mean square 1/3; five standard errors
    assert np.abs(many.mean(0)).max() < 5 * (1 / 3 / 2000) ** 0.5
    assert np.abs((many**2).mean(0) - 1 / 3).max() < 5 * (4 / 45 / 2000) ** 0.5
    assert np.array_equal(bragg.orient(seed=3), many[0]) and np.array_equal(bragg.orient(seed=3, count=5), many[:5])
    random = still.replace(**{"crystal.orientation": "random", "crystal.orientation_seed": 3})
    assert np.allclose(random["crystal.u_matrix"], many[0].ravel(), atol=1e-12)
    assert np.allclose(random["crystal.a_matrix"], bragg.orient(still, seed=3).ravel(), atol=1e-12)
    a_matrix = bragg.orient(root / "examples" / "1a8o.pdb")
    # CRYST1: 41.98 41.98 88.92
    assert np.allclose(a_matrix, np.diag(1 / np.array([41.98, 41.98, 88.92])), atol=1e-12)
    for arguments, words in [
        ({"cell": [1, 2]}, "cell: has 2 numbers"),
        ({"cell": [1, 2, -3]}, "cell: .* -3"),
        ({"seed": -1}, "seed: is -1"),
        ({"seed": 1, "misset": [0, 0, 0]}, "contradicts"),
        ({"count": 3}, "count: needs a seed"),
        ({"seed": 1, "count": -3}, "count: is -3"),
        ({"misset": [0, 0]}, "misset: is"),
        ({"misset": [0, 0, float("nan")]}, "misset: is"),
    ]:
        with pytest.raises(ValueError, match=words):
            bragg.orient(**arguments)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="seed: is 'a'"):
        bragg.orient(seed="a")  # type: ignore[arg-type]
    with pytest.raises(FileNotFoundError):
        bragg.orient("none.pdb")


def test_numbers_of_numpy_are_numbers() -> None:
    crystal = bragg.Crystal(cell=np.array([78, 79, 38.0]), n_cells=np.int16(10), u_matrix=np.eye(3))
    assert crystal["cell"] == {"a": 78.0, "b": 79.0, "c": 38.0}
    assert crystal["n_cells"] == [10, 10, 10]
    assert crystal["u_matrix"] == [1, 0, 0, 0, 1, 0, 0, 0, 1]
    assert bragg.Noise(poisson=np.bool_(True))["poisson"] is True  # type: ignore[arg-type]


def test_replacing_a_value_leaves_the_others() -> None:
    exp = bragg.Experiment(CRYSTAL, BEAM, DETECTOR)
    other = exp.replace(**{"crystal.cell.a": 80, "crystal.mosaic.eta": "2 mrad"})
    assert (exp["crystal.cell.a"], other["crystal.cell.a"], other["crystal.cell.b"]) == (78, 80, 79)
    assert exp["crystal.mosaic.domains"] == 1 and other["crystal.mosaic.domains"] > 10, "follows from the mosaicity"
    assert other.replace(**{"crystal.mosaic.eta": None})["crystal.mosaic.domains"] == 1
    energy = exp.replace(**{"beam.energy": 12000})
    assert energy["beam.energy"] == 12000 and energy["beam.wavelength"] != 1
    whole = exp.replace(crystal=bragg.Crystal(n_cells=3), beam={"wavelength": 1.5})
    assert (whole["crystal.n_cells"], whole["crystal.cell.a"], whole["beam.wavelength"]) == ([3, 3, 3], 78, 1.5)


def test_blocks_are_counted() -> None:
    exp = bragg.Experiment({**CRYSTAL, "extent": "30 um"}, {"wavelength": 1.0, "flux": 1e12, "size": 0.05}, DETECTOR, background={"water": 0.2})
    block = np.prod(exp["crystal.n_cells"]) * np.linalg.det([exp[f"crystal.real_space_{edge}"] for edge in "abc"])
    assert exp["crystal.n_blocks"] == pytest.approx(2.7e16 / block)
    assert exp["crystal.extent"] == pytest.approx([0.03] * 3)
    assert (exp["background.water_volume"], exp["background.water"]) == pytest.approx((5e-4, 0.2))
    single = exp.replace(**{"crystal.extent": None, "background.water": 0})
    assert single["crystal.n_blocks"] == 1
    many = exp.replace(**{"background.water": 0}).simulate(dtype=np.float64)
    assert np.allclose(many, exp["crystal.n_blocks"] * single.simulate(dtype=np.float64), rtol=1e-12)


def test_numbers_in_another_unit_are_asked_about() -> None:
    exp = bragg.Experiment(CRYSTAL, BEAM, DETECTOR)
    for name, value, meant in [("beam.energy", 12.7, "12.7 keV"), ("detector.distance", 0.1, "0.1 m"), ("crystal.extent", 30, "30 um")]:
        with pytest.raises(ValueError, match=f'{name}.* was "{meant}" meant'):
            exp.replace(**{name: value})
    with pytest.raises(ValueError, match='was "75 um" meant'):
        bragg.Detector(distance=100, pixels=[100, 100], pixel_size=75)
    assert exp.replace(**{"detector.distance": "0.1 mm"})["detector.distance"] == 0.1


def test_parts_are_what_was_given() -> None:
    exp = bragg.Experiment(CRYSTAL, BEAM, DETECTOR, bragg.Scan(range=0.5, steps=2), noise={"seed": 3})
    assert exp.crystal == CRYSTAL and exp.beam == BEAM and exp.detector == DETECTOR
    again = bragg.Experiment(exp.crystal, exp.beam, exp.detector, exp.scan)
    assert np.array_equal(again.simulate(), exp.simulate())
    assert repr(BEAM) == "Beam(wavelength=1.0)"
    assert repr(CRYSTAL).startswith("Crystal(cell={'a': 78.0, 'b': 79.0, 'c': 38.0}, n_cells=[10, 10, 10]")
    assert BEAM.replace(wavelength=2) == bragg.Beam(wavelength=2.0)
    assert CRYSTAL.replace(cell=[50])["cell"] == {"a": 50.0}
    assert dict(BEAM) == {"wavelength": 1.0} and len(BEAM) == 1


def test_tables_by_mapping_and_panels_by_list() -> None:
    panel = {"origin": [-10, 10, -100], "fast_axis": [1, 0, 0], "slow_axis": [0, -1, 0]}
    detector = bragg.Detector(
        sensor={"material": "Si", "thickness": "320 um"},
        panel=[panel, {**panel, "origin": (-10, -12, -100), "pixels": [50, 60]}],
        pixels=[50, 60],
        pixel_size=0.1,
    )
    exp = bragg.Experiment(CRYSTAL, BEAM, detector)
    assert exp["detector.sensor.thickness"] == pytest.approx(0.32)
    assert [entry["origin"] for entry in exp["detector.panel"]] == [[-10, 10, -100], [-10, -12, -100]]
    assert exp.shape == (2, 60, 50)
    image = exp.simulate()
    assert image.shape == (2, 60, 50)
    assert all(np.array_equal(a, b) for a, b in zip(image, exp.simulate_panels(), strict=True))
    uneven = exp.replace(**{"detector.panel[1].pixels": [20, 30]})
    assert [panel.shape for panel in uneven.simulate_panels()] == [(60, 50), (30, 20)]
    with pytest.raises(ValueError, match="panels differ in size"):
        uneven.simulate()


def test_an_experiment_survives_as_toml_and_as_pickle(root: Path, tmp_path: Path) -> None:
    exp = bragg.Experiment.from_toml(root / "examples" / "mosaic_still.toml").replace(**{"detector.roi": [0, 99, 0, 99]})
    image = exp.simulate()
    assert image.max() > 0
    assert np.array_equal(bragg.Experiment.from_toml(exp.to_toml()).simulate(), image)
    (tmp_path / "a.toml").write_text(exp.to_toml(), encoding="utf-8")
    assert np.array_equal(bragg.Experiment.from_toml(str(tmp_path / "a.toml")).simulate(), image)
    copy = pickle.loads(pickle.dumps(exp))
    assert np.array_equal(copy.simulate(), image)
    assert copy.to_toml() == exp.to_toml()
    assert pickle.loads(pickle.dumps(exp.crystal)) == exp.crystal


def test_notebooks_show_the_image(still: bragg.Experiment) -> None:
    html = still._repr_html_()
    assert "data:image/png;base64,iVBORw0KGgo" in html and "128 × 96" in html
    assert "78 79 38 90 90 90" in repr(still)
    long = still.replace(**{"sampling.oversample": 500})
    assert "data:image" not in long._repr_html_()
    assert still.picture()._repr_png_().startswith(b"\x89PNG")


def test_what_one_should_know_is_a_warning() -> None:
    with pytest.warns(bragg.BraggWarning, match="fluence"):
        exp = bragg.Experiment(CRYSTAL, BEAM, DETECTOR)
    assert any("fluence" in notice for notice in exp.notices)


@pytest.mark.parametrize(
    ("error", "words", "make"),
    [
        (ValueError, ["detector.distance (Python)", "is 0.0", "not 0"], lambda: bragg.Detector(distance=0)),
        (ValueError, ["beam.wavelength", "12 keV", "measures something else"], lambda: bragg.Beam(wavelength="12 keV")),
        (ValueError, ["crystal.cell", "7 values"], lambda: bragg.Crystal(cell=[1] * 7)),
        (ValueError, ["crystal.shape", '"cubic"', '"tophat"'], lambda: bragg.Crystal(shape="cubic")),  # type: ignore[arg-type]
        (TypeError, ["distanse"], lambda: bragg.Detector(distanse=5)),  # type: ignore[call-arg]
        (TypeError, ["detector.sensor", "table"], lambda: bragg.Detector(sensor=5)),  # type: ignore[arg-type]
        (TypeError, ["detector.panel", "list of dictionaries"], lambda: bragg.Detector(panel=[5])),  # type: ignore[list-item]
        (KeyError, ["detector.sensor.thicknes", "nearest is detector.sensor.thickness"],
         lambda: bragg.Detector(sensor={"thicknes": 1})),
        (KeyError, ["detector.distanse", "detector.distance"], lambda: bragg.Experiment(CRYSTAL, BEAM, values={"detector.distanse": 1})),
        (ValueError, ["beam.wavelength", "is missing"], lambda: bragg.Experiment(CRYSTAL, None, DETECTOR)),
        (ValueError, ["beam.energy", "contradicts beam.wavelength"],
         lambda: bragg.Experiment(CRYSTAL, BEAM.replace(energy=12000), DETECTOR)),
        (FileNotFoundError, ["no-such.mtz"],
         lambda: bragg.Experiment(CRYSTAL.replace(structure_factors="no-such.mtz"), BEAM, DETECTOR)),
        (FileNotFoundError, ["no-such.toml"], lambda: bragg.Experiment.from_toml("no-such.toml")),
        (ValueError, ["TOML text:2", "not valid TOML"], lambda: bragg.Experiment.from_toml("[beam]\nwavelength = = 1\n")),
        (ValueError, ["-lambdda"], lambda: bragg.Experiment.from_nanobragg_args("-lambdda 1")),
        (ValueError, ["missing"], lambda: bragg.Experiment.from_nanobragg_args([])),
        (FileNotFoundError, ["none.pdb"], lambda: bragg.Experiment.from_crystal("none.pdb")),
        (ValueError, ["crystal.fuge", "`parameters` names all"],
         lambda: bragg.Experiment(CRYSTAL, BEAM, DETECTOR).gradient(np.ones((96, 128)), "crystal.fuge")),
    ],
)  # fmt: skip
def test_errors_name_the_culprit(error: type[Exception], words: list[str], make: object) -> None:
    with pytest.raises(error) as caught:
        make()  # type: ignore[operator]
    assert all(word in str(caught.value) for word in words), str(caught.value)
    # options are the program's
    assert "--" not in str(caught.value)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"threads": 0}, ["threads", "is 0", "from 1"]),
        ({"threads": -3}, ["threads", "is -3"]),
        ({"roi": [5, 4, 0, 1]}, ["roi: is [5, 4, 0, 1]"]),
        ({"roi": [0, 128, 0, 1]}, ["roi: is [0, 128, 0, 1]"]),
        ({"roi": [0, 1]}, ["roi: has 2 numbers"]),
        ({"dtype": "int32"}, ["dtype", "int32", "float32 or float64"]),
    ],
)
def test_arguments_of_simulate(still: bragg.Experiment, arguments: dict[str, object], words: list[str]) -> None:
    with pytest.raises(ValueError) as caught:
        still.simulate(**arguments)  # type: ignore[arg-type]
    assert all(word in str(caught.value) for word in words), str(caught.value)


def test_no_value_of_any_key_is_more_than_refused(still: bragg.Experiment) -> None:
    endless: list[object] = []
    endless.append(endless)
    strange = [
        object(), float("nan"), float("inf"), -1, 0, 10**30, "x", "", b"ab", [], [[]], [[[[1]]]], endless, {}, {"a": 1},
        True, np.zeros((2, 2)), np.array("x"), range(10**9), [None], 1j, lambda: 1, "\0", "1e400 mm", Path("no-such"),
    ]  # fmt: skip
    n_refused = 0
    for key in _bragg.keys():
        name = key["name"].replace("[]", "[0]")
        for value in strange:
            try:
                _bragg.check({name: value})
            except (ValueError, TypeError, KeyError) as error:
                n_refused += 1
                assert name in str(error), (name, value, error)
        with pytest.raises((ValueError, TypeError)):
            still.replace(**{name: object()})
        with pytest.raises(KeyError, match="no such key"):
            still.replace(**{name + "x": 1})
        with pytest.raises(KeyError, match="no such key"):
            still[name + "x"]
    assert n_refused > 1000
