"""Images that `bragg simulate` writes, read by numpy, fabio and Pillow: all formats hold the same pixels.

Usage: images.py PROGRAM EMPTY_FOLDER
"""

import subprocess
import sys
from pathlib import Path

import fabio
import numpy
from PIL import Image

EXPERIMENT = """
crystal.cell.a = 100
crystal.n_cells = 10
crystal.structure_factors.default = 100
beam.wavelength = 1
beam.fluence = 1e31
detector.distance = 100
detector.pixels = [60, 40]
detector.pixel_size = 0.1
output.files = ["a_00001.img", "a_00001.cbf", "a.npy", "a.bin", "a.tif", "a.pgm", "a.png"]
"""
N_FAST, N_SLOW = 60, 40


def check(what, ok):
    print(f"{'ok  ' if ok else 'FAIL'} {what}")
    return bool(ok)


def counts(photons, highest):
    """Photons to the nearest integer, cut to what the format holds."""
    return numpy.clip(numpy.floor(photons.astype(numpy.float64) + 0.5), 0, highest).astype(numpy.int64)


def main(program, folder):
    experiment = folder / "a.toml"
    experiment.write_text(EXPERIMENT)
    subprocess.run([program, "simulate", experiment, "--quiet"], check=True, stdin=subprocess.DEVNULL)

    photons = numpy.load(folder / "a.npy")
    raw = numpy.fromfile(folder / "a.bin", dtype="<f4").reshape(N_SLOW, N_FAST)
    smv, cbf, tiff = (fabio.open(str(folder / name)) for name in ("a_00001.img", "a_00001.cbf", "a.tif"))
    grey, picture = (Image.open(folder / name) for name in ("a.pgm", "a.png"))
    grey.load(), picture.load()
    checks = [
        check("numpy: (slow, fast) 32-bit floats", photons.shape == (N_SLOW, N_FAST) and photons.dtype == "<f4"),
        check("the image is worth comparing", photons.max() > 65535 and (photons.min() < 10)),
        check("the image is not its own transpose or mirror", len(numpy.unique(photons)) > photons.size // 8),
        check("bare floats equal the array", numpy.array_equal(raw, photons)),
        check("fabio, TIFF: equals the array", numpy.array_equal(tiff.data, photons)),
        check("Pillow, TIFF: equals the array", numpy.array_equal(numpy.asarray(Image.open(folder / "a.tif")), photons)),
        check("fabio, SMV: counts up to 65535", numpy.array_equal(smv.data, counts(photons, 65535))),
        check("fabio, CBF: counts", numpy.array_equal(cbf.data, counts(photons, 2**31 - 1))),
        check("fabio, SMV: the header's distance is 100 mm", float(smv.header["DISTANCE"]) == 100.0),
        check("fabio, SMV: the header's wavelength is 1 Å", float(smv.header["WAVELENGTH"]) == 1.0),
        check("fabio, CBF: the header names the wavelength", "Wavelength 1" in str(cbf.header)),
        check("Pillow, PGM: grey levels of the same size", grey.size == (N_FAST, N_SLOW) and grey.mode == "L"),
        check("Pillow, PGM: brighter pixels are not darker", monotone(photons, numpy.asarray(grey))),
        check("Pillow, PNG: a picture of the same shape", picture.width * N_SLOW == picture.height * N_FAST),
    ]
    return all(checks)


def monotone(photons, grey):
    order = numpy.argsort(photons, axis=None, kind="stable")
    return bool(numpy.all(numpy.diff(grey.ravel()[order].astype(int)) >= 0)) and grey.max() > grey.min()


if __name__ == "__main__":
    sys.exit(0 if main(sys.argv[1], Path(sys.argv[2])) else 1)
