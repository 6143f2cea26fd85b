"""Reads bragg's image files with other people's programs and compares every value.

    python check_outputs.py PROGRAM [FOLDER]

PROGRAM is bragg; it works in FOLDER, or in a temporary one. Needs numpy, fabio and Pillow. Prints one line per check and
ends with status 1 if one fails.
"""

import logging
import pathlib
import subprocess
import sys
import tempfile

import fabio
import fabio.cbfimage
import fabio.dtrekimage
import numpy as np
from PIL import Image

N_SLOW, N_FAST = 61, 83
failures = []


class Complaints(logging.Handler):
    """Keeps what fabio only logs, such as a wrong checksum."""

    def __init__(self):
        super().__init__(logging.WARNING)
        self.records = []

    def emit(self, record):
        self.records.append(record.getMessage())


complaints = Complaints()
logging.getLogger("fabio").addHandler(complaints)


def check(name, passed, detail=""):
    print(("ok    " if passed else "FAILED"), name, "" if passed else detail)
    if not passed:
        failures.append(name)


def same(name, found, expected):
    found = np.asarray(found)
    detail = f"{found.dtype} {found.shape} {found.ravel()[:5]} and not {expected.dtype} {expected.shape} {expected.ravel()[:5]}"
    check(name, found.shape == expected.shape and np.array_equal(found, expected), detail)


def show(program, source, *outputs):
    arguments = [argument for output in outputs for argument in ("-o", str(output))]
    subprocess.run([program, "show", "--quiet", str(source), *arguments], check=True)


def counts(highest, seed):
    """Background, spots, and every size of step that the byte-offset compression distinguishes."""
    random = np.random.default_rng(seed)
    values = random.poisson(12, (N_SLOW, N_FAST)).astype(np.int64)
    values[random.integers(0, N_SLOW, 200), random.integers(0, N_FAST, 200)] = random.integers(0, highest, 200)
    steps = [0, 127, 0, 128, 0, 129, 1, 32767, 0, 32768, 0, 32896, 128, highest, 0]
    values.ravel()[: len(steps)] = steps
    return values.astype(np.int32)


def check_counts(program, folder):
    short, long = counts(65535, 1), counts(2**31 - 1, 2)
    long[5, 5:8] = [-1, -2, 7]  # fabio misreads steps of more than 31 bits, which need values below these
    np.save(folder / "short.npy", short)
    np.save(folder / "long.npy", long)
    show(program, folder / "short.npy", folder / "short_001.img", folder / "short_001.cbf", folder / "short.pgm")
    show(program, folder / "long.npy", folder / "long_001.cbf", folder / "long.tif", folder / "copy.npy")

    image = fabio.open(folder / "short_001.img")
    check("SMV is taken for SMV by fabio", isinstance(image, fabio.dtrekimage.DtrekImage), type(image))
    same("SMV values (fabio), with the pedestal", image.data, smv(short))
    header = image.header
    check("SMV pedestal", float(header["IMAGE_PEDESTAL"]) == 40, header)
    check("SMV beam centre: X along slow, Y along fast, mm", (header["BEAM_CENTER_X"], header["BEAM_CENTER_Y"]) == ("3.05", "4.15"), header)
    for name, expected in ("short", short), ("long", long):
        image = fabio.open(folder / f"{name}_001.cbf")
        check(f"{name} CBF is taken for CBF by fabio", isinstance(image, fabio.cbfimage.CbfImage), type(image))
        same(f"{name} CBF values (fabio)", image.data, expected)
    check("GENERIC_MINI", image.header["_array_data.header_convention"] == "GENERIC_MINI", image.header)
    contents = image.header["_array_data.header_contents"]
    check("CBF gain and pedestal", "# Gain 1 counts/photon" in contents and "# Pedestal 0 counts" in contents, contents)
    check("CBF beam centre", "# Beam_xy (41.5, 30.5) pixels" in contents, contents)
    check("CBF header without bare # lines", all(len(line.split()) > 1 for line in contents.splitlines()), contents)
    text = (folder / "long_001.cbf").read_bytes()
    check("CBF header within fabio's and dxtbx's window", text.find(b"\x0c\x1a\x04\xd5") < 8192)
    same("integer TIFF values (Pillow)", Image.open(folder / "long.tif"), long)
    same("integer TIFF values (fabio)", fabio.open(folder / "long.tif").data, long)
    copy = np.load(folder / "copy.npy")
    check("integer .npy type", copy.dtype == np.dtype("<i4"), copy.dtype)
    same("integer .npy values", copy, long)
    rmsd = short.astype(float).std(ddof=1)
    same("PGM grey levels (fabio)", fabio.open(folder / "short.pgm").data, np.minimum(255, short * (50 / rmsd)).astype(np.uint8))
    same("PGM grey levels (Pillow)", Image.open(folder / "short.pgm"), np.minimum(255, short * (50 / rmsd)).astype(np.uint8))


def smv(values):
    """Counts or rounded photons as SMV has them: 40 more, up to 65534; flags are 0, brighter pixels 65535."""
    values = np.asarray(values, np.int64)
    return np.where(values < 0, 0, np.where(values > 65494, 65535, values + 40)).astype(np.uint16)


def check_photons(program, folder):
    random = np.random.default_rng(3)
    photons = (random.exponential(3, (N_SLOW, N_FAST)) ** 3).astype(np.float32)
    np.save(folder / "photons.npy", photons)
    show(program, folder / "photons.npy", folder / "p.tif", folder / "p.bin", folder / "p.npy", folder / "p_001.img")
    same("float TIFF values (Pillow)", Image.open(folder / "p.tif"), photons)
    same("float TIFF values (fabio)", fabio.open(folder / "p.tif").data, photons)
    same("bare floats", np.fromfile(folder / "p.bin", "<f4").reshape(photons.shape), photons)
    same("float .npy values", np.load(folder / "p.npy"), photons)
    same("photons rounded in SMV (fabio)", fabio.open(folder / "p_001.img").data, smv(np.floor(photons.astype(float) + 0.5)))


def check_panels(program, folder):
    panels = np.arange(3 * 4 * 5, dtype=np.float32).reshape(3, 4, 5)
    np.save(folder / "panels.npy", panels)
    np.save(folder / "fortran.npy", np.asfortranarray(panels.astype(">i2")))
    show(program, folder / "panels.npy", folder / "panels_copy.npy", folder / "panels.png")
    show(program, folder / "fortran.npy", folder / "fortran_copy.npy")
    same("panels (.npy)", np.load(folder / "panels_copy.npy"), panels)
    same("panels from a Fortran-ordered, big-endian array", np.load(folder / "fortran_copy.npy"), panels.astype(np.int32))
    check("panels side by side in a picture", Image.open(folder / "panels.png").format == "PNG")


def check_reading(program, folder):
    """What fabio writes, bragg reads."""
    values = counts(2**31 - 1, 4)
    fabio.cbfimage.CbfImage(data=values).write(str(folder / "fabio.cbf"))
    fabio.dtrekimage.DtrekImage(data=values.astype(np.uint16), header={}).write(str(folder / "fabio.img"))
    Image.fromarray(values.astype(np.float32)).save(folder / "pillow.tif")
    for name, expected in (
        ("fabio.cbf", values),
        ("fabio.img", values.astype(np.uint16).astype(np.int32)),
        ("pillow.tif", values.astype(np.float32)),
    ):
        show(program, folder / name, folder / "back.npy")
        same(f"{name} read by bragg", np.load(folder / "back.npy"), expected)


def check_picture(program, folder):
    values = np.full((3000, 2500), 10, np.int32)
    values[1234, 567] = 40000
    np.save(folder / "large.npy", values)
    show(program, folder / "large.npy", folder / "large.png")
    picture = Image.open(folder / "large.png")
    picture.load()
    check("a large picture is binned by two", picture.size == (1250, 1500) and picture.mode in ("L", "RGB"), picture)
    spot = picture.convert("L").getpixel((567 // 2, 1234 // 2))
    check("a single bright pixel stays black", spot == 0, spot)


EXPERIMENT = """
[crystal]
cell = [40, 50, 60, 80, 95, 100]
misset = [10, 20, 30]
n_cells = 5
structure_factors.default = 300
[beam]
wavelength = 1.0
fluence = 1e27
[detector]
pixels = [83, 61]
pixel_size = 0.5
distance = 60
beam_center = [40, 30]
[scan]
start = 10
range = 0.5
steps = 2
[background]
water_volume = 1.25e-13
"""
EXTENSIONS = "npy", "bin", "tif", "img", "cbf", "pgm", "png"


def simulate(program, folder, name, *settings):
    (folder / "simulated.toml").write_text(EXPERIMENT)
    outputs = [word for extension in EXTENSIONS for word in ("-o", str(folder / f"{name}.{extension}"))]
    settings = [word for setting in settings for word in ("--set", setting)]
    subprocess.run([program, "simulate", "--quiet", str(folder / "simulated.toml"), *outputs, *settings], check=True)
    return np.load(folder / f"{name}.npy")


def check_simulated(program, folder):
    """Every format of one simulation has the values of its .npy file."""
    expected = simulate(program, folder, "expected_001")
    check("expected photons are floats", expected.dtype == np.dtype("<f4") and expected.shape == (N_SLOW, N_FAST), expected.shape)
    check("there are spots on a background", 0 < expected.min() < expected.mean() < expected.max() / 10, expected.max())
    same("simulated bare floats", np.fromfile(folder / "expected_001.bin", "<f4").reshape(expected.shape), expected)
    same("simulated float TIFF (Pillow)", Image.open(folder / "expected_001.tif"), expected)
    noisy = simulate(program, folder, "noisy_001", "noise.seed=3", "noise.adc_offset=10")
    check("counts are integers", noisy.dtype == np.dtype("<i4") and noisy.min() >= 10, noisy.min())
    deviation = (noisy - 10 - expected.astype(float)) / np.sqrt(expected)
    check("noise is that of counting", abs((deviation**2).mean() - 1) < 0.2, (deviation**2).mean())
    same("simulated integer TIFF (Pillow)", Image.open(folder / "noisy_001.tif"), noisy)
    same("simulated integer TIFF (fabio)", fabio.open(folder / "noisy_001.tif").data, noisy)
    rounded = np.floor(expected.astype(float) + 0.5)
    given = np.clip(noisy, 0, 65535).astype(np.uint16)
    for name, values, as_smv in ("expected_001", rounded, smv(rounded)), ("noisy_001", noisy, given):
        img, cbf = (fabio.open(folder / f"{name}.{extension}") for extension in ("img", "cbf"))
        same(f"{name} SMV (fabio)", img.data, as_smv)
        same(f"{name} CBF (fabio)", cbf.data, values.astype(np.int32))
        header = {key: float(img.header[key]) for key in ("PIXEL_SIZE", "DISTANCE", "WAVELENGTH", "OSC_START", "OSC_RANGE")}
        given = {"PIXEL_SIZE": 0.5, "DISTANCE": 60, "WAVELENGTH": 1, "OSC_START": 10, "OSC_RANGE": 0.5}
        check(f"{name} SMV header", header == given, header)
        contents = cbf.header["_array_data.header_contents"]
        wanted = "# Beam_xy (40, 30) pixels", "# Detector_distance 0.06 m", "# Wavelength 1 A", "# Angle_increment 0.5 deg."
        check(f"{name} CBF header", all(line in contents for line in wanted), contents)
        picture, grey = Image.open(folder / f"{name}.png"), Image.open(folder / f"{name}.pgm")
        check(f"{name} PNG (Pillow)", picture.format == "PNG" and picture.size == (N_FAST, N_SLOW), picture)
        darkest = np.asarray(picture.convert("L")).ravel()[values.argmax()]
        check(f"{name} PNG has its brightest pixel", darkest == np.asarray(picture.convert("L")).min(), darkest)
        same(f"{name} PGM (fabio)", fabio.open(folder / f"{name}.pgm").data, np.asarray(grey))
        check(f"{name} PGM (Pillow)", grey.size == (N_FAST, N_SLOW) and np.asarray(grey).ravel()[values.argmax()] == 255, grey)


def trusted(path):
    """The pixels that dxtbx (3.16 and later) trusts, both ends of the range included; headers and pixels as fabio has them."""
    image = fabio.open(path)
    if path.suffix == ".img":
        low, high = 1, 65535 - float(image.header["IMAGE_PEDESTAL"])
    else:
        contents = image.header["_array_data.header_contents"]
        low, high = 0, float(contents.split("# Count_cutoff ")[1].split()[0])
    return (image.data >= low) & (image.data <= high), image.data


def check_trust(program, folder):
    """Clipped and masked pixels are not trusted; all others are, those without photons included."""
    mask = np.ones((N_SLOW, N_FAST), np.int32)
    mask[:, 7], mask[11] = 0, 0
    np.save(folder / "mask.npy", mask)
    exact = simulate(program, folder, "exact_001")
    for name, *settings in (
        ("masked_001",),
        ("masked_noise_001", "noise.seed=1"),
        ("cut_001", "noise.saturation=20"),
        ("cut_noise_001", "noise.seed=1", "noise.saturation=20"),
        ("cut_offset_001", "noise.seed=1", "noise.saturation=70", "noise.adc_offset=10", "noise.gain=3"),
    ):
        masked = "detector.mask=" + str(folder / "mask.npy")
        whole = simulate(program, folder, f"whole_{name}", masked, *(s for s in settings if "saturation" not in s))
        simulate(program, folder, name, masked, *settings)
        limit = max((float(s.split("=")[1]) for s in settings if "saturation" in s), default=60000)
        expected = (mask == 1) & (np.floor(whole.astype(float) + 0.5) <= limit)
        check(f"{name}: some are dark, some too bright", name.startswith("masked") or 3 < ((whole > limit) & (mask == 1)).sum() < exact.size / 2, limit)
        for extension in "cbf", "img":
            found, data = trusted(folder / f"{name}.{extension}")
            wrong = np.argwhere(found != expected)
            check(f"{name}.{extension}: what dxtbx trusts", not len(wrong), (wrong[:5], data[tuple(wrong[:5].T)]) if len(wrong) else "")
            flag = -1 if extension == "cbf" else 0
            check(f"{name}.{extension}: the flag of masked pixels", (data[mask == 0] == flag).all(), data[mask == 0])
    without, dark = (np.asarray(Image.open(folder / f"{name}.png").convert("L")) for name in ("exact_001", "masked_001"))
    check("a mask is seen in PNG", len({int(grey) for grey in dark[mask == 0]}) == 1 and (dark[mask == 0] != without[mask == 0]).mean() > 0.9)


def check_all(program, folder):
    for part in check_trust, check_counts, check_photons, check_panels, check_reading, check_picture, check_simulated:
        part(program, folder)


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    program = str(pathlib.Path(sys.argv[1]).resolve())
    if len(sys.argv) == 3:
        check_all(program, pathlib.Path(sys.argv[2]))
    else:
        with tempfile.TemporaryDirectory() as folder:
            check_all(program, pathlib.Path(folder))
    check("fabio had no complaints", not complaints.records, complaints.records)
    sys.exit(f"{len(failures)} checks failed" if failures else 0)


if __name__ == "__main__":
    main()
