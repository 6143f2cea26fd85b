"""Structure factors from arrays, files and other packages."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest

import bragg

BEAM = bragg.Beam(wavelength=1.0, fluence=1e24)
DETECTOR = bragg.Detector(distance=60, pixels=[100, 100], pixel_size=0.5)
CELL = [30.0, 40.0, 50.0, 90.0, 90.0, 90.0]


def experiment(structure_factors: object, **crystal: object) -> bragg.Experiment:
    crystal = {"cell": CELL, "n_cells": 4, "misset": [10, 20, 30], **crystal}
    return bragg.Experiment({"structure_factors": structure_factors, **crystal}, BEAM, DETECTOR)


def listed(seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    hkl = np.stack(np.meshgrid(*[np.arange(-8, 9)] * 3, indexing="ij"), -1).reshape(-1, 3)
    return hkl, random.uniform(10, 100, len(hkl))


def test_arrays_are_what_a_file_of_the_same_numbers_is(tmp_path: Path) -> None:
    hkl, amplitudes = listed()
    path = tmp_path / "a.hkl"
    rows = (f"{h} {k} {el} {f!r}\n" for (h, k, el), f in zip(hkl.tolist(), amplitudes.tolist(), strict=True))
    path.write_text("".join(rows))
    from_file = experiment(path)
    from_arrays = experiment(bragg.StructureFactors.from_arrays(hkl, amplitudes))
    image = from_file.simulate()
    assert image.max() > 0
    assert np.array_equal(from_arrays.simulate(), image)
    assert np.array_equal(from_file.structure_factors.hkl, hkl)
    with pytest.raises(ValueError, match="when an experiment is made"):
        bragg.StructureFactors(file=path).hkl  # noqa: B018
    assert np.array_equal(from_file.structure_factors.amplitudes, amplitudes)
    again = from_arrays.replace(**{"crystal.structure_factors.default": 5.0})
    assert not np.array_equal(again.simulate(), image), "reflections beyond the list"
    assert np.array_equal(again.replace(crystal={"structure_factors": path}).simulate(), again.simulate())
    assert np.array_equal(pickle.loads(pickle.dumps(from_arrays)).simulate(), image)
    assert from_arrays.to_toml().startswith("# Without the structure factors")


def test_files_are_read_once(tmp_path: Path, root: Path) -> None:
    path = tmp_path / "a.mtz"
    path.write_bytes((root / "examples" / "lysozyme.mtz").read_bytes())
    exp = bragg.Experiment({"structure_factors": path, "n_cells": 5, "misset": [10, 20, 30]}, BEAM, DETECTOR)
    path.unlink()
    other = exp.replace(**{"crystal.cell.a": exp["crystal.cell.a"], "detector.distance": 70, "crystal.structure_factors.scale": 2.0})
    assert exp["crystal.cell.c"] != exp["crystal.cell.a"]
    assert other["crystal.cell"] == exp["crystal.cell"], "the rest of the cell is that of the file"
    assert other.replace(**{"detector.distance": 60, "crystal.structure_factors.scale": 1}).simulate().tolist() == (
        exp.simulate().tolist()
    )
    with pytest.raises(FileNotFoundError, match="a.mtz"):
        other.replace(**{"crystal.structure_factors.column": "I"})


def test_other_amplitudes_may_take_their_place(tmp_path: Path) -> None:
    (hkl, one), (_, two) = listed(1), listed(2)
    a, b = (experiment(bragg.StructureFactors.from_arrays(hkl, f)) for f in (one, two))
    replaced = a.replace(**{"crystal.structure_factors": bragg.StructureFactors.from_arrays(hkl, two)})
    assert np.array_equal(replaced.simulate(), b.simulate())
    assert not np.array_equal(replaced.simulate(), a.simulate())
    # |F|, so that intensity goes with its square
    doubled = experiment(bragg.StructureFactors.from_arrays(hkl, 2 * one)).simulate(dtype="f8")
    assert doubled == pytest.approx(4 * a.simulate(dtype="f8"), rel=1e-12)


def test_a_space_group_adds_what_follows_from_it() -> None:
    # P 2 2 2 with Friedel's law: every combination of signs
    hkl = np.array([[1, 2, 3], [0, 4, 1]])
    factors = bragg.StructureFactors.from_arrays(hkl, [5, 7], cell=CELL, space_group="P 2 2 2")
    found = dict(zip(map(tuple, factors.hkl.tolist()), factors.amplitudes.tolist(), strict=True))
    expected = {(a * 1, b * 2, c * 3): 5.0 for a in (1, -1) for b in (1, -1) for c in (1, -1)}
    expected |= {(0, b * 4, c * 1): 7.0 for b in (1, -1) for c in (1, -1)}
    assert found == expected
    # the list brings the cell
    exp = bragg.Experiment({"n_cells": 4, "structure_factors": factors}, BEAM, DETECTOR)
    assert exp.cell == pytest.approx(tuple(CELL))
    complex_ = bragg.StructureFactors.from_arrays(hkl, np.array([3 + 4j, -7j]), space_group=16)
    assert set(complex_.amplitudes) == {5.0, 7.0}


@pytest.mark.parametrize(
    ("hkl", "amplitudes", "arguments", "word"),
    [
        ([[1, 2, 3]], [1, 2], {}, "shape"),
        ([[1, 2]], [1], {}, "shape"),
        ([1, 2, 3], [1], {}, "shape"),
        ([[1, 2, 3.5]], [1], {}, "whole"),
        ([[1, 2, 2**40]], [1], {}, "index"),
        ([["a", "b", "c"]], [1], {}, "whole numbers"),
        (np.zeros((0, 3), int), [], {}, "no reflections"),
        ([[1, 2, 3]], [-1], {}, "not negative"),
        ([[1, 2, 3]], [float("nan")], {}, "finite"),
        ([[1, 2, 3]], [1], {"space_group": "P 9"}, "space_group"),
        ([[1, 2, 3]], [1], {"cell": [1, 2, 3]}, "cell"),
        ([[1, 2, 3]], [1], {"interpolation": "linear"}, "crystal.structure_factors.interpolation"),
    ],
)
def test_what_is_no_list_of_amplitudes_is_refused(
    hkl: object, amplitudes: object, arguments: dict[str, object], word: str
) -> None:
    with pytest.raises(ValueError, match=word):
        bragg.StructureFactors.from_arrays(hkl, amplitudes, **arguments)  # type: ignore[arg-type]


def test_a_file_and_arrays_contradict_each_other(root: Path) -> None:
    factors = bragg.StructureFactors.from_arrays(*listed())
    with pytest.raises(ValueError, match="structure_factors.file: contradicts"):
        bragg.Experiment(
            {"n_cells": 5, "structure_factors": factors},
            BEAM,
            DETECTOR,
            values={"crystal.structure_factors.file": root / "examples" / "lysozyme.mtz"},
        )


def test_gemmi_mtz_is_what_its_file_is(root: Path) -> None:
    gemmi = pytest.importorskip("gemmi")
    path = root / "examples" / "lysozyme.mtz"
    lysozyme = {"n_cells": 5, "misset": [10, 20, 30]}
    from_file = bragg.Experiment({**lysozyme, "structure_factors": path}, BEAM, DETECTOR)
    mtz = gemmi.read_mtz_file(str(path))
    from_gemmi = bragg.Experiment({**lysozyme, "structure_factors": bragg.StructureFactors.from_gemmi(mtz)}, BEAM, DETECTOR)
    assert np.array_equal(from_gemmi.simulate(), from_file.simulate())
    with pytest.raises(ValueError, match="NO_SUCH"):
        bragg.StructureFactors.from_gemmi(mtz, column="NO_SUCH")
    with pytest.raises(TypeError, match="gemmi.Mtz or a gemmi.Structure"):
        bragg.StructureFactors.from_gemmi(5)


PDB = """\
CRYST1   20.000   25.000   30.000  90.00  90.00  90.00 P 21 21 21
ATOM      1  N   GLY A   1       2.000   3.000   4.000  1.00 15.00           N
ATOM      2  CA  GLY A   1       3.200   3.500   4.700  1.00 15.00           C
ATOM      3  O   GLY A   1       4.100   5.200   6.100  1.00 15.00           O
END
"""


def test_gemmi_structures_give_the_amplitudes_that_gemmi_calculates() -> None:
    gemmi = pytest.importorskip("gemmi")
    structure = gemmi.read_pdb_string(PDB)
    factors = bragg.StructureFactors.from_gemmi(structure, d_min=2.0, solvent=False)
    calculator = gemmi.StructureFactorCalculatorX(structure.cell)
    n_strong = 0
    for hkl, amplitude in list(zip(factors.hkl.tolist(), factors.amplitudes, strict=True))[::97]:
        expected = abs(calculator.calculate_sf_from_model(structure[0], hkl))
        assert amplitude == pytest.approx(expected, abs=0.02)
        n_strong += expected > 5
    assert n_strong > 10
    with pytest.raises(ValueError, match="d_min"):
        bragg.StructureFactors.from_gemmi(structure)


def test_gemmi_structures_are_what_their_files_are(root: Path) -> None:
    gemmi = pytest.importorskip("gemmi")
    path = root / "examples" / "1a8o.pdb"
    still = {"n_cells": 5, "misset": [10, 20, 30]}
    beam = bragg.Beam(energy=12000.0)
    from_file = bragg.Experiment(
        {**still, "structure_factors": {"file": path, "d_min": 3.0}}, beam, DETECTOR, values={"sampling.d_min": 3.2}
    )
    factors = bragg.StructureFactors.from_gemmi(gemmi.read_structure(str(path)), d_min=3.0, energy=12000.0)
    from_gemmi = bragg.Experiment({**still, "structure_factors": factors}, beam, DETECTOR, values={"sampling.d_min": 3.2})
    image = from_file.simulate(dtype="f8")
    assert image.max() > 0
    # gemmi writes coordinates with three decimals, as the file has them
    assert from_gemmi.simulate(dtype="f8") == pytest.approx(image, rel=1e-6, abs=1e-9 * image.max())
    without = bragg.StructureFactors.from_gemmi(gemmi.read_structure(str(path)), d_min=3.0, solvent=False, energy=12000.0)
    assert without.amplitudes.sum() > 1.01 * factors.amplitudes.sum()


def test_models_are_calculated_again_where_that_matters(root: Path) -> None:
    model = {"structure_factors": root / "examples" / "1a8o.pdb", "n_cells": 5}
    far = bragg.Experiment(model, bragg.Beam(wavelength=1.0), DETECTOR.replace(distance=200))
    near = far.replace(**{"detector.distance": 60})
    assert near["crystal.structure_factors.d_min"] < far["crystal.structure_factors.d_min"]
    assert np.array_equal(near.simulate(), bragg.Experiment(near.crystal, near.beam, near.detector).simulate())
    image, part = far.simulate(), far.simulate(roi=[20, 50, 30, 60])
    assert np.array_equal(part[30:61, 20:51], image[30:61, 20:51]) and part.any()
    assert np.array_equal(pickle.loads(pickle.dumps(far)).simulate(), image)


def test_data_sets_of_reciprocalspaceship(root: Path) -> None:
    rs = pytest.importorskip("reciprocalspaceship")
    path = root / "examples" / "lysozyme.mtz"
    data = rs.read_mtz(str(path))
    factors = bragg.StructureFactors.from_dataset(data)
    of_file = bragg.Experiment({"n_cells": 5, "structure_factors": path}, BEAM, DETECTOR).structure_factors
    assert np.array_equal(factors.hkl, of_file.hkl)
    assert factors.amplitudes == pytest.approx(of_file.amplitudes, rel=1e-6)
    with pytest.raises(TypeError, match="DataSet"):
        bragg.StructureFactors.from_dataset([1])
