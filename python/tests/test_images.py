"""Noise, files and pictures."""

from __future__ import annotations

import struct
import warnings
from pathlib import Path

import numpy as np
import pytest

import bragg


def test_counts_have_the_mean_and_the_variance_of_poisson() -> None:
    counts = bragg.noise(np.full((300, 300), 20.0), seed=4)
    assert counts.dtype == np.int32 and counts.shape == (300, 300)
    # five standard errors
    assert counts.mean() == pytest.approx(20, abs=5 * (20 / 90_000) ** 0.5)
    assert counts.var() == pytest.approx(20, abs=5 * ((20 + 2 * 400) / 90_000) ** 0.5)
    assert np.array_equal(counts, bragg.noise(np.full((300, 300), 20.0), 4))
    assert not np.array_equal(counts, bragg.noise(np.full((300, 300), 20.0), 5))


def test_gain_offset_and_saturation() -> None:
    image = np.array([[0.0, 1.5, 100.0, -1.0]])
    plain = bragg.noise(image, poisson=False, gain=2, adc_offset=10, saturation=50)
    assert plain.dtype == np.float32
    assert plain.tolist() == [[10, 13, 51, -1]]
    with pytest.warns(bragg.BraggWarning, match="1 pixels are negative or no number"):
        counts = bragg.noise(image, gain=2, adc_offset=10, saturation=50)
    assert counts[0, 0] == 10 and counts[0, 3] == -1 and counts.max() == 51


def test_pixels_without_an_expectation_are_warned_of(still: bragg.Experiment) -> None:
    image = still.simulate()
    image[3, 4:6] = [np.nan, -2.0]
    counting = still.replace(**{"noise.seed": 1})
    with pytest.warns(bragg.BraggWarning, match="2 pixels are negative or no number"):
        counts = counting.record(image)
    assert counts[3, 4:6].tolist() == [-1, -1] and np.count_nonzero(counts == -1) == 2
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        # without noise they stay as they are
        assert np.isnan(still.record(image)[3, 4]) and bragg.noise(image, poisson=False)[3, 5] == -2


def test_the_experiments_noise_is_that_of_the_program(root: Path, tmp_path: Path, program) -> None:  # type: ignore[no-untyped-def]
    path = root / "examples" / "two_panels.toml"
    roi = [100, 199, 100, 199]
    program("simulate", path, "--set", f"detector.roi={roi}", "--quiet", "-o", tmp_path / "counts.npy")
    exp = bragg.Experiment.from_toml(path)
    counts = exp.record(exp.simulate(roi=roi))
    expected = np.load(tmp_path / "counts.npy")
    assert counts.dtype == expected.dtype == np.int32
    assert np.array_equal(counts, expected) and counts.max() > 0


@pytest.mark.parametrize("ending", ["img", "cbf", "npy", "tif"])
def test_counts_come_back_from_files(ending: str, tmp_path: Path, still: bragg.Experiment) -> None:
    counts = np.arange(96 * 128, dtype=np.int32).reshape(96, 128)
    path = tmp_path / f"a.{ending}"
    bragg.write(path, counts, still)
    again = bragg.read(path)
    # an SMV image has a pedestal, since its readers take 0 for no value
    pedestal = 40 if ending == "img" else 0
    assert again.dtype == np.int32 and np.array_equal(again, counts + pedestal)


@pytest.mark.parametrize("ending", ["bin", "npy", "tif"])
def test_photons_come_back_from_files(ending: str, tmp_path: Path, still: bragg.Experiment) -> None:
    image = still.simulate()
    path = tmp_path / f"a.{ending}"
    bragg.write(path, image)
    assert np.array_equal(bragg.read(path, size=(128, 96) if ending == "bin" else None), image)


def test_headers_have_the_geometry_of_the_experiment(tmp_path: Path, still: bragg.Experiment) -> None:
    path = tmp_path / "a.img"
    bragg.write(path, np.zeros((96, 128), np.uint16), still)
    assert b"DISTANCE=100" in path.read_bytes()[:512]
    with pytest.warns(bragg.BraggWarning, match="made up"):
        bragg.write(path, np.zeros((96, 128), np.uint16))
    with pytest.warns(bragg.BraggWarning, match="1 pixels are beyond"):
        bragg.write(path, np.array([[70000.0, 1.0]]))


def test_pictures_are_png_files(still: bragg.Experiment) -> None:
    image = still.simulate()
    picture = bragg.picture(image, still, color_map="viridis", rings="auto", beam_cross=True)
    assert picture.startswith(b"\x89PNG\r\n\x1a\n")
    assert struct.unpack(">II", picture[16:24]) == (128, 96)
    assert bragg.picture(image) != picture
    with pytest.raises(KeyError, match="output.png.color_map"):
        bragg.picture(image, colour_map="viridis")
    with pytest.raises(ValueError, match=r"output.png.color_map.*\"viridis\""):
        bragg.picture(image, color_map="veridis")


def test_pictures_of_a_part(still: bragg.Experiment, root: Path) -> None:
    image = still.simulate()
    part = bragg.picture(image, still, roi=[40, 69, 20, 39])
    # 30 pixels in 600 dots
    assert struct.unpack(">II", part[16:24]) == (600, 400)
    assert bragg.picture(image[20:40, 40:70], still, roi=[40, 69, 20, 39]) == part
    assert struct.unpack(">II", bragg.picture(image[20:40, 40:70], zoom=4)[16:24]) == (120, 80)
    with pytest.raises(ValueError, match=r"say which \(roi\)"):
        bragg.picture(image[20:40, 40:70], still)
    with pytest.raises(ValueError, match=r"output.png.roi: is \[40, 128, 20, 39\]"):
        bragg.picture(image, still, roi=[40, 128, 20, 39])
    panels = bragg.Experiment.from_toml(root / "examples" / "two_panels.toml")
    counts = np.zeros((2, 800, 400), np.int32)
    # 400 columns at 10 degrees to either side, and what is between them: cos 10° is 0.985
    width, height = struct.unpack(">II", bragg.picture(counts, panels)[16:24])
    assert width == pytest.approx(2 * 400 * 0.985 + (1.25 * 2) / 0.172, abs=3) and height == 800
    assert struct.unpack(">II", bragg.picture(counts, panels, panel=1, zoom=2)[16:24]) == (800, 1600)


def test_what_is_no_image_is_refused(tmp_path: Path, still: bragg.Experiment) -> None:
    with pytest.raises(ValueError, match="shape"):
        bragg.noise(np.zeros(5))
    with pytest.raises(ValueError, match="shape"):
        bragg.noise(np.zeros((2, 0)))
    with pytest.raises(TypeError, match="complex"):
        bragg.noise(np.zeros((2, 2), complex))
    with pytest.raises(ValueError, match="32 bits"):
        bragg.write(tmp_path / "a.npy", np.array([[2**40]]))
    with pytest.raises(ValueError, match="noise.gain"):
        bragg.noise(np.zeros((2, 2)), gain=0)
    with pytest.raises(ValueError, match=r"\.xyz"):
        bragg.write(tmp_path / "a.xyz", np.zeros((2, 2)))
    with pytest.raises(ValueError, match="experiment's detector"):
        bragg.write(tmp_path / "a.cbf", np.zeros((2, 2)), still)
    with pytest.raises(FileNotFoundError):
        bragg.read(tmp_path / "none.npy")
    (tmp_path / "bad.npy").write_bytes(b"not an array")
    with pytest.raises(ValueError, match="bad.npy"):
        bragg.read(tmp_path / "bad.npy")
    with pytest.raises(OSError):
        bragg.write(tmp_path / "no" / "folder.npy", np.zeros((2, 2)))
