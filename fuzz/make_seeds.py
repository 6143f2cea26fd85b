"""Makes the binary seeds of the fuzzers with programs other than ours: `python fuzz/make_seeds.py`.

Needs numpy, fabio, pillow, gemmi, zstandard and biotite. The seeds that are text are written by hand and stay as they are.
"""

import bz2
import gzip
import lzma
import struct
import tempfile
from pathlib import Path

import fabio.cbfimage
import gemmi
import numpy
import zstandard
from biotite.structure.io import pdbx
from PIL import Image

CORPUS = Path(__file__).parent / "corpus"
COUNTS = numpy.array([[0, 1, -1, 127, 128, -128], [-129, 32767, 32768, -32769, 0, 2**31 - 1]], dtype="<i4")
PHOTONS = numpy.array([[0.0, 0.5, 1e-30, 3e38], [-1.0, numpy.inf, numpy.nan, 7.0]], dtype="<f4")


def seed(target, name, content):
    folder = CORPUS / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content)


def saved(suffix, save):
    """What `save` writes into a file of that suffix."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"seed_00001{suffix}"
        save(str(path))
        return path.read_bytes()


def arrays():
    seeds = {
        "photons.npy": PHOTONS,
        "counts.npy": COUNTS,
        "big_endian.npy": PHOTONS.astype(">f8"),
        "fortran.npy": numpy.asfortranarray(COUNTS),
        "panels.npy": numpy.arange(12, dtype="<u2").reshape(3, 2, 2),
    }
    for name, array in seeds.items():
        seed("npy", name, saved(".npy", lambda path, array=array: numpy.save(path, array)))
    seed("raw", "square.bin", numpy.arange(16, dtype="<f4").tobytes())


def pictures():
    grey = numpy.arange(20, dtype=numpy.uint8).reshape(4, 5)
    seed("pgm", "grey.pgm", saved(".pgm", Image.fromarray(grey).save))
    seed("pgm", "comment.pgm", b"P5\n2 2\n# pixels scaled by 1\n255\n\x00\x01\x02\xff")
    for name, array in {"photons.tif": PHOTONS, "counts.tif": COUNTS, "grey.tif": grey}.items():
        seed("tiff", name, saved(".tif", Image.fromarray(array).save))
    for packing in "tiff_lzw", "tiff_adobe_deflate", "packbits":
        save = lambda path, packing=packing: Image.fromarray(COUNTS).save(path, compression=packing)
        seed("tiff", f"{packing}.tif", saved(".tif", save))


def detector_images():
    seed("cbf", "fabio.cbf", saved(".cbf", fabio.cbfimage.CbfImage(data=COUNTS).save))
    keys = {
        "HEADER_BYTES": 512, "DIM": 2, "BYTE_ORDER": "little_endian", "TYPE": "unsigned_short", "SIZE1": 3, "SIZE2": 2,
        "PIXEL_SIZE": 0.1, "DISTANCE": 100.0, "WAVELENGTH": 1.0, "BEAM_CENTER_X": 0.1, "BEAM_CENTER_Y": 0.15,
        "OSC_START": 0.0, "OSC_RANGE": 0.1, "PHI": 0.0, "TWOTHETA": 0.0,
    }
    for name, order in {"little.img": "little_endian", "big.img": "big_endian"}.items():
        header = "{\n" + "".join(f"{key}={value};\n" for key, value in (keys | {"BYTE_ORDER": order}).items()) + "}\n"
        pixels = numpy.arange(6, dtype="<u2" if name == "little.img" else ">u2") * 13000
        seed("smv", name, header.encode().ljust(512) + pixels.tobytes())
    for name, (kind, pixels) in {"long.img": ("long int", COUNTS), "float.img": ("float IEEE", PHOTONS)}.items():
        slow, fast = pixels.shape
        own = {"HEADER_BYTES": 512, "BYTE_ORDER": "little_endian", "Data_type": kind, "SIZE1": fast, "SIZE2": slow}
        header = "{\n" + "".join(f"{key}={value};\n" for key, value in own.items()) + "}\n"
        seed("smv", name, header.encode().ljust(512) + pixels.tobytes())


def structure_factors():
    mtz = gemmi.Mtz(with_base=True)
    mtz.spacegroup = gemmi.SpaceGroup("P 21 21 21")
    mtz.set_cell_for_all(gemmi.UnitCell(30, 40, 50, 90, 90, 90))
    mtz.add_dataset("crystal")
    for label, kind in [("F", "F"), ("SIGF", "Q"), ("I(+)", "K"), ("I(-)", "K")]:
        mtz.add_column(label, kind)
    rows = [[1, 2, 3, 10.0, 1.0, 90.0, 110.0], [0, 0, 2, 5.0, 0.5, 25.0, numpy.nan], [4, 1, 0, numpy.nan, 1.0, 1.0, 1.0]]
    mtz.set_data(numpy.array(rows, dtype=numpy.float32))
    content = saved(".mtz", mtz.write_to_file)
    seed("mtz", "p212121.mtz", content)
    seed("mtz", "p212121.mtz.gz", gzip.compress(content, mtime=0))
    for folder, name in ("coordinates", "model.pdb"), ("coordinates", "model.cif"), ("refln_cif", "pdb.cif"):
        seed(folder, f"{name}.gz", gzip.compress((CORPUS / folder / name).read_bytes(), mtime=0))
    model = (CORPUS / "coordinates" / "model.pdb").read_bytes()
    seed("content", "model.pdb.bz2", bz2.compress(model))
    seed("content", "model.pdb.xz", lzma.compress(model))
    seed("content", "model.pdb.zst", zstandard.compress(model))
    seed("content", "utf_16.pdb", model.decode().encode("utf-16"))
    seed("content", "p212121.mtz", content)
    binary = pdbx.BinaryCIFFile()
    for block_name, block in pdbx.CIFFile.read(CORPUS / "coordinates" / "model.cif").items():
        binary[block_name] = pdbx.BinaryCIFBlock()
        for category_name, category in block.items():
            columns = {}
            for name, column in category.items():
                values = column.as_array(str)
                if name.startswith(("Cartn_", "occupancy", "B_iso")):
                    values = values.astype(float)
                mask = None if column.mask is None else pdbx.BinaryCIFData(column.mask.array)
                columns[name] = pdbx.BinaryCIFColumn(pdbx.BinaryCIFData(values), mask)
            binary[block_name][category_name] = pdbx.BinaryCIFCategory(columns)
    seed("content", "model.bcif", saved(".bcif", pdbx.compress(binary).write))
    amplitudes = [float(i) if h < 2 and k < 2 and l < 3 else 0.0
                  for i, (h, k, l) in enumerate(numpy.ndindex(3, 3, 4))]
    seed("fdump", "small.bin", b"-1 0 0 1 -1 1\n\x0c" + struct.pack("<36d", *amplitudes))


if __name__ == "__main__":
    arrays()
    pictures()
    detector_images()
    structure_factors()
