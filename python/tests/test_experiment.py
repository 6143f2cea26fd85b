"""What is given, what follows from it, and what is refused."""

from __future__ import annotations

import doctest
import pickle
import sys
from pathlib import Path

import numpy as np
import pytest

import bragg
from bragg import _bragg, _experiment

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


def test_examples_in_the_documentation() -> None:
    failed, n_tests = doctest.testmod(_experiment)
    assert n_tests > 5 and failed == 0


def test_values_come_back_in_their_units(still: bragg.Experiment) -> None:
    assert still["crystal.cell.a"] == 78.0
    assert still["crystal.cell"] == {"a": 78, "b": 79, "c": 38, "alpha": 90, "beta": 90, "gamma": 90}
    assert still["detector.pixels"] == [128, 96]
    assert still["crystal.shape"] == "square"
    assert still["crystal.u_matrix"] is None
    assert still.cell == pytest.approx((78, 79, 38, 90, 90, 90))
    assert still.origin("crystal.shape") == "default"
    assert still.origin("crystal.cell.a") == "Python"
    with_units = still.replace(**{"detector.distance": "0.25 m", "beam.energy": "12.4 keV"})
    assert with_units["detector.distance"] == 250.0
    assert with_units["beam.energy"] == 12400.0
    # E = hc/λ, hc = 12398.42 eV Å
    assert with_units["beam.wavelength"] == pytest.approx(12398.4198 / 12400, rel=1e-7)


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
    assert exp["crystal.mosaic.domains"] == 1 and other["crystal.mosaic.domains"] == 10, "follows from the mosaicity"
    assert other.replace(**{"crystal.mosaic.eta": None})["crystal.mosaic.domains"] == 1
    energy = exp.replace(**{"beam.energy": 12000})
    assert energy["beam.energy"] == 12000 and energy["beam.wavelength"] != 1
    whole = exp.replace(crystal=bragg.Crystal(n_cells=3), beam={"wavelength": 1.5})
    assert (whole["crystal.n_cells"], whole["crystal.cell.a"], whole["beam.wavelength"]) == ([3, 3, 3], 78, 1.5)


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
    ],
)  # fmt: skip
def test_errors_name_the_culprit(error: type[Exception], words: list[str], make: object) -> None:
    with pytest.raises(error) as caught:
        make()  # type: ignore[operator]
    assert all(word in str(caught.value) for word in words), str(caught.value)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"threads": 0}, ["threads", "is 0", "from 1"]),
        ({"threads": -3}, ["threads", "is -3"]),
        ({"roi": [5, 4, 0, 1]}, ["detector.roi"]),
        ({"roi": [0, 128, 0, 1]}, ["detector.roi"]),
        ({"roi": [0, 1]}, ["detector.roi", "2 values"]),
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
