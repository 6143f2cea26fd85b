"""The same pixels as the program, the reference program and oneself."""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import bragg

# As the project's own comparison with these images has it: of a pixel's value, and of the brightest pixel.
OF_PIXEL, OF_BRIGHTEST = 2e-6, 1e-9


@pytest.mark.parametrize("example", ["mosaic_still", "two_panels", "pink_beam"])
def test_the_program_gives_the_same_bits(example: str, root: Path, tmp_path: Path, program) -> None:  # type: ignore[no-untyped-def]
    path = root / "examples" / f"{example}.toml"
    roi = [100, 299, 100, 299]
    small = ["--set", f"detector.roi={roi}", "--set", "noise.poisson=false"]
    quiet = ["--set", "noise.seed=1", "--quiet"]
    target = tmp_path / "image.npy"
    program("simulate", path, *small, *quiet, "-o", target)
    exp = bragg.Experiment.from_toml(path)
    image = exp.simulate(roi=roi)
    assert image.dtype == np.float32
    assert np.array_equal(image, np.load(target))
    assert image.max() > 0


def test_golden_images(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tomllib = pytest.importorskip("tomllib")
    golden = root / "tests" / "golden"
    monkeypatch.chdir(golden / "inputs")
    suite = tomllib.loads((golden / "suite.toml").read_text(encoding="utf-8"))
    cases = suite["case"]
    assert len(cases) > 80
    wrong = []
    # what differs on purpose says so
    for case in (case for case in cases if "expect" not in case):
        args = f"{case['args']} {case.get('candidate_args', '')}"
        image = bragg.Experiment.from_nanobragg_args(args).simulate().ravel().astype(float)
        name = case.get("reference_image", suite["reference_image"]).format(name=case["name"])
        expected = np.fromfile(golden / name, dtype="<f4").astype(float)
        n_off = np.count_nonzero(abs(image - expected) > OF_PIXEL * abs(expected) + OF_BRIGHTEST * expected.max())
        # spots of a top hat have edges
        allowed = expected.size // 2000 if "-tophat_spots" in args else 0
        if n_off > allowed:
            wrong.append(f"{case['name']}: {n_off}")
    assert not wrong


def test_golden_cases_have_the_bits_of_the_program(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: Callable[..., object]
) -> None:
    tomllib = pytest.importorskip("tomllib")
    golden = root / "tests" / "golden"
    shutil.copytree(golden / "inputs", tmp_path / "inputs")
    # the program writes more than the image that is asked for
    monkeypatch.chdir(tmp_path / "inputs")
    cases = tomllib.loads((golden / "suite.toml").read_text(encoding="utf-8"))["case"]
    wrong = []
    for case in cases:
        words = shlex.split(f"{case['args']} {case.get('candidate_args', '')}")
        image = bragg.Experiment.from_nanobragg_args(words).simulate()
        program("nanobragg", *words, "-floatfile", tmp_path / "theirs.bin")
        theirs = np.fromfile(tmp_path / "theirs.bin", dtype="<f4")
        if not np.array_equal(image.ravel(), theirs):
            wrong.append(case["name"])
    assert len(cases) > 80 and not wrong


def test_a_crystal_alone_is_what_the_program_makes_of_it(root: Path, tmp_path: Path, program) -> None:  # type: ignore[no-untyped-def]
    path = root / "examples" / "1a8o.pdb"
    small = {"detector.roi": [900, 1000, 900, 1000], "noise.seed": None, "noise.poisson": False}
    target = tmp_path / "a.npy"
    program("simulate", path, "--set", "detector.roi=[900, 1000, 900, 1000]", "--set", "noise.poisson=false", "--quiet", "-o", target)
    exp = bragg.Experiment.from_crystal(path, small)
    assert np.array_equal(exp.simulate(), np.load(target)) and exp.simulate().max() > 0
    assert exp["detector.preset"] == "eiger2-4m" and "detector" in (exp.origin("detector.preset") or "")


def test_neither_threads_nor_type_change_the_sums(still: bragg.Experiment) -> None:
    exp = still.replace(**{"crystal.mosaic.eta": 0.25, "crystal.mosaic.domains": 100})
    image = exp.simulate()
    double = exp.simulate(dtype=np.float64, threads=2)
    assert image.shape == (96, 128) and double.dtype == np.float64
    assert np.array_equal(double.astype(np.float32), image)
    assert not np.array_equal(double, image), "more digits"
    for threads in (1, 2, 3, 7):
        assert np.array_equal(exp.simulate(threads), image)


def test_a_window_is_a_part_of_the_image(still: bragg.Experiment) -> None:
    image, part = still.simulate(), still.simulate(roi=(10, 40, 20, 60))
    inside = np.zeros(image.shape, bool)
    inside[20:61, 10:41] = True
    assert np.array_equal(part[inside], image[inside])
    assert not part[~inside].any() and part.any()


def test_progress_is_told_and_may_stop_it(still: bragg.Experiment) -> None:
    exp = still.replace(**{"detector.pixels": [600, 600], "sampling.oversample": 4})
    told: list[tuple[int, int]] = []
    image = exp.simulate(progress=lambda done, of: told.append((done, of)))
    assert told[-1] == (360_000, 360_000)
    assert told == sorted(told)

    def refuse(done: int, of: int) -> None:
        raise LookupError("enough")

    with pytest.raises(LookupError, match="enough"):
        exp.simulate(progress=refuse)
    assert np.array_equal(exp.simulate(), image)


def test_the_example_of_the_reference_options(root: Path) -> None:
    words = ["-cell", "100", "100", "100", "90", "90", "90", "-default_F", "100", "-lambda", "1", "-distance", "100"]
    a = bragg.Experiment.from_nanobragg_args([*words, "-N", "5", "-detpixels", "32"])
    b = bragg.Experiment.from_nanobragg_args(" ".join(words) + " -N 5 -detpixels 32")
    assert np.array_equal(a.simulate(), b.simulate())
    assert a.origin("detector.distance") == "-distance"
