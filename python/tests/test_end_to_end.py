"""Images processed as recorded ones are: spots are found, indexed, integrated, and the crystal and the detector refined against their
positions.

Nothing here but the images comes from bragg. The geometry, the predictions and the integration are written down once more, with NumPy
and SciPy, in the conventions of dxtbx.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from numpy.typing import NDArray

import bragg

if TYPE_CHECKING:
    from collections.abc import Callable

optimize = pytest.importorskip("scipy.optimize")
ndimage = pytest.importorskip("scipy.ndimage")

Array = NDArray[np.float64]

WAVELENGTH = 1.0  # Å
CELL = (37.0, 44.0, 52.0, 87.0, 96.0, 102.0)
DISTANCE = 91.3  # mm
PIXEL = 0.172  # mm
PIXELS = 520
CENTER = (255.3, 263.8)  # pixels
THICKNESS = 0.32  # mm
ATTENUATION = 0.26  # mm: silicon at 12.4 keV
N_CELLS = (13, 11, 9)  # of a mosaic block
ETA = 0.1  # degrees
EXTENT = 0.02  # mm: the edge of the crystal, and of the beam
FLUX = 2e12  # photons/s
EXPOSURE = 0.015  # s
CLASSICAL_ELECTRON_RADIUS = 2.8179403e-15


def b_matrix(cell: Array) -> Array:
    """The reciprocal basis as columns, 1/Å: a along x, b in the xy plane."""
    a, b, c = cell[:3]
    cos = np.cos(np.radians(cell[3:]))
    sin_gamma = math.sin(math.radians(cell[5]))
    c_y = (cos[0] - cos[1] * cos[2]) / sin_gamma
    real = np.array(
        [
            [a, 0, 0],
            [b * cos[2], b * sin_gamma, 0],
            [c * cos[1], c * c_y, c * math.sqrt(1 - cos[1] ** 2 - c_y**2)],
        ]
    )
    return np.linalg.inv(real)


def rotation(vector: Array) -> Array:
    """The matrix of a rotation vector in radians."""
    angle = float(np.linalg.norm(vector))
    if angle == 0:
        return np.eye(3)
    x, y, z = vector / angle
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    matrix: Array = np.eye(3) + math.sin(angle) * cross + (1 - math.cos(angle)) * cross @ cross
    return matrix


def positions(s1: Array, distance: float, center: Array) -> Array:
    """Pixels, fast and slow, that rays along s1 are recorded in: at the mean depth of what the sensor absorbs of them."""
    unit = s1 / np.linalg.norm(s1, axis=1, keepdims=True)
    cosine = -unit[:, 2]
    path = THICKNESS / cosine
    absorbed = 1 - np.exp(-path / ATTENUATION)
    depth = ATTENUATION - path * np.exp(-path / ATTENUATION) / absorbed
    point = unit * (distance / cosine + depth)[:, None]
    return np.stack([center[0] + point[:, 0] / PIXEL, center[1] - point[:, 1] / PIXEL], axis=1)


def rays(pixels: Array, distance: float, center: Array) -> Array:
    """Unit vectors to where something was recorded, by iteration of `positions`."""
    aim = pixels.copy()
    for _ in range(6):
        point = np.stack(
            [(aim[:, 0] - center[0]) * PIXEL, -(aim[:, 1] - center[1]) * PIXEL, np.full(len(aim), -distance)], axis=1
        )
        aim += pixels - positions(point, distance, center)
    unit: Array = point / np.linalg.norm(point, axis=1, keepdims=True)
    return unit


S0 = np.array([0.0, 0.0, -1.0 / WAVELENGTH])


@dataclass
class Spots:
    """What the peak finder measured."""

    pixels: Array  # fast, slow
    frames: Array
    intensities: Array
    variances: Array

    def where(self, chosen: NDArray[np.bool_]) -> Spots:
        """Some of them."""
        return Spots(self.pixels[chosen], self.frames[chosen], self.intensities[chosen], self.variances[chosen])

    def precision(self) -> Array:
        """How well places of spots are known, in proportion: by their photons, as far as the pixels let them."""
        return np.minimum(self.intensities / np.sqrt(self.variances), 40)[:, None]


def find_spots(counts: NDArray[Any], reach: tuple[int, int]) -> Spots:
    """Spots of a stack of frames: connected pixels above the background, integrated in a box about their centroid.

    Spots whose box has another spot in it, or leaves the stack, are left out.
    """
    stack = counts.astype(np.float64)
    level = float(np.median(stack))
    labels, n = ndimage.label(ndimage.uniform_filter(stack, (1, 3, 3)) > level + 3 * math.sqrt(level))
    centers = np.array(ndimage.center_of_mass(np.maximum(stack - level, 0), labels, range(1, n + 1)))
    brightest = np.array(ndimage.maximum(stack, labels, range(1, n + 1)))
    centers = centers[brightest > level + 30 * math.sqrt(level)]
    box = np.array([reach[0], reach[1], reach[1]])
    found: list[tuple[float, ...]] = []
    grid = np.stack(np.meshgrid(*[np.arange(-r, r + 1) for r in box], indexing="ij"))
    for center in centers:
        middle = np.rint(center).astype(int)
        near = np.abs(centers - center) < 2 * box + 1
        if near.all(axis=1).sum() > 1 or (middle < box).any() or (middle + box >= stack.shape).any():
            continue
        cut = stack[tuple(slice(m - r, m + r + 1) for m, r in zip(middle, box, strict=True))]
        rim = np.concatenate([cut[:, [0, -1]].ravel(), cut[:, 1:-1, [0, -1]].ravel()])
        net = cut - rim.mean()
        total = net.sum()
        frame, slow, fast = middle + (grid * net).sum(axis=(1, 2, 3)) / total
        # the background's own uncertainty counts for all pixels of the box at once
        variance = cut.sum() + cut.size**2 * rim.mean() / rim.size
        found.append((fast + 0.5, slow + 0.5, frame + 0.5, total, variance))
    table = np.array(found)
    return Spots(table[:, :2], table[:, 2], table[:, 3], table[:, 4])


def amplitudes(d_min: float) -> tuple[NDArray[np.int32], Array]:
    """All reflections to a resolution, with amplitudes by Wilson's statistics that fall as exp(−B s²)."""
    b = b_matrix(np.array(CELL))
    limits = [math.ceil(edge / d_min) + 1 for edge in CELL[:3]]
    hkl = np.stack(np.meshgrid(*[np.arange(-n, n + 1) for n in limits], indexing="ij"), axis=-1).reshape(-1, 3)
    length = np.linalg.norm(hkl @ b.T, axis=1)
    hkl = hkl[(length > 0) & (length < 1 / d_min)]
    half = hkl[[tuple(row) > (0, 0, 0) for row in hkl.tolist()]]
    square = np.random.default_rng(3).exponential(1.0, len(half)) + 0.05
    falloff = np.exp(-10 * np.sum((half @ b.T) ** 2, axis=1) / 2)
    return half.astype(np.int32), 200 * np.sqrt(square) * falloff


class Amplitudes:
    """F² by indices, Friedel's mates alike."""

    def __init__(self, hkl: NDArray[np.int32], f: Array) -> None:
        self.table = {tuple(h): float(v) ** 2 for h, v in zip(hkl.tolist(), f, strict=True)}

    def square(self, hkl: NDArray[np.int64]) -> Array:
        mates = [tuple(h) if tuple(h) in self.table else tuple(-x for x in h) for h in hkl.tolist()]
        return np.array([self.table.get(h, 0.0) for h in mates])


HKL, F = amplitudes(1.6)
TRUTH = Amplitudes(HKL, F)


def experiment(u: Array, **scan: Any) -> bragg.Experiment:
    return bragg.Experiment(
        bragg.Crystal(
            structure_factors=bragg.StructureFactors.from_arrays(HKL, F, cell=CELL, space_group="P 1"),
            u_matrix=u.ravel().tolist(),
            extent=EXTENT,
            n_cells=N_CELLS,
            shape="gauss-star",
            mosaic={"eta": ETA, "domains": 20},
        ),
        bragg.Beam(wavelength=WAVELENGTH, flux=FLUX, exposure=EXPOSURE, size=EXTENT),
        bragg.Detector(
            pixels=[PIXELS, PIXELS],
            pixel_size=PIXEL,
            distance=DISTANCE,
            beam_center=list(CENTER),
            sensor={"thickness": THICKNESS, "attenuation_length": ATTENUATION},
        ),
        bragg.Scan(**scan),
        background=bragg.Background(offset=1.0),
        sampling=bragg.Sampling(oversample=2),
    )


@dataclass
class Fit:
    """A least-squares fit: values, their covariance, and which rows were kept."""

    values: Array
    covariance: Array
    kept: NDArray[np.bool_]


def fit(residuals: Callable[[Array], Array], start: Array, scale: Array) -> Fit:
    """Least squares of rows of several kinds of residuals (rows × kinds), each kind weighted by its own scatter.

    Rows beyond 4.5 widths in any kind, such as overlapping spots, are left out.
    """
    values = start.copy()
    for turn in range(5):
        all_rows = residuals(values)
        widths = 1.4826 * np.median(np.abs(all_rows), axis=0)
        kept: NDArray[np.bool_] = np.all(np.abs(all_rows) < 4.5 * widths, axis=1)
        if turn > 0:
            widths = np.sqrt(np.mean(all_rows[kept] ** 2, axis=0))

        def weighted(p: Array, kept: NDArray[np.bool_] = kept, widths: Array = widths) -> Array:
            return (residuals(p)[kept] / widths).ravel()

        result = optimize.least_squares(weighted, values, x_scale=scale)
        values = result.x
    freedom = result.fun.size - values.size
    covariance = np.linalg.inv(result.jac.T @ result.jac) * (result.fun @ result.fun) / freedom
    return Fit(values, covariance, kept)


def turned_to_sphere(q: Array, angle_near: Array) -> Array:
    """Spindle angles about +x, in radians, at which reciprocal-lattice points are on the Ewald sphere; the solution next to
    `angle_near`."""
    radius = np.hypot(q[:, 1], q[:, 2])
    cosine = np.sum(q * q, axis=1) * WAVELENGTH / (2 * radius)
    opening = np.arccos(np.clip(cosine, -1, 1))
    middle = np.arctan2(q[:, 1], q[:, 2])
    both = np.stack([middle + opening, middle - opening])
    both += 2 * np.pi * np.rint((angle_near - both) / (2 * np.pi))
    nearer: Array = np.where(np.abs(both[0] - angle_near) < np.abs(both[1] - angle_near), both[0], both[1])
    return nearer


def about_x(q: Array, angle: Array) -> Array:
    """Vectors turned about +x by an angle each."""
    sin, cos = np.sin(angle), np.cos(angle)
    return np.stack([q[:, 0], q[:, 1] * cos - q[:, 2] * sin, q[:, 1] * sin + q[:, 2] * cos], axis=1)


def assert_within(fit: Fit, truth: Array, names: list[str]) -> None:
    """Every parameter is within two standard uncertainties of the truth, and all together are as far from it as their covariance says."""
    n = len(truth)
    off = fit.values[:n] - truth
    uncertainties = np.sqrt(np.diag(fit.covariance))[:n]
    table = "\n".join(
        f"{name:10} {value:10.5f} ± {sigma:.5f}  truth {true:10.5f}  {(value - true) / sigma:+.2f}"
        for name, value, sigma, true in zip(names, fit.values, uncertainties, truth, strict=False)
    )
    print(table)
    assert (np.abs(off) < 2 * uncertainties).all(), table
    assert off @ np.linalg.solve(fit.covariance[:n, :n], off) / n < 2, table


NAMES = ["a", "b", "c", "alpha", "beta", "gamma", "distance", "fast", "slow"]
MODEL = np.array([*CELL, DISTANCE, *CENTER])
# As far off as what an indexer starts from.
START = MODEL + [0.12, -0.15, 0.15, 0.1, -0.1, 0.1, 0.3, -0.8, 0.6]
SCALE = np.array([0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1])


def test_rotation_set() -> None:
    """Cell, orientation, distance and beam centre come back from ten degrees of rotation, and every F² on the absolute scale."""
    u = rotation(np.array([0.4, -0.7, 1.1]))
    width, n_frames = 0.5, 24
    frames = []
    for i in range(n_frames):
        exp = experiment(u, start=i * width, range=width, steps=4, frame=i)
        frames.append(bragg.noise(exp.simulate(), seed=3100 + i))
    spots = find_spots(np.array(frames), (3, 4))
    # those that turn slowly through the sphere are cut off by the frames of a box
    spots = spots.where(np.abs(rays(spots.pixels, START[6], START[7:9])[:, 1]) > 0.15)
    angles = np.radians(spots.frames * width)

    def index(p: Array) -> NDArray[np.int64]:
        s1 = rays(spots.pixels, p[6], p[7:9]) / WAVELENGTH
        q = about_x(s1 - S0, -angles)
        a = rotation(p[9:12]) @ u @ b_matrix(p[:6])
        indices: NDArray[np.int64] = np.rint(q @ np.linalg.inv(a).T).astype(np.int64)
        return indices

    def residuals(p: Array) -> Array:
        q = hkl @ (rotation(p[9:12]) @ u @ b_matrix(p[:6])).T
        phi = turned_to_sphere(q, angles)
        s1 = S0 + about_x(q, phi)
        # the slower a spot turns through the sphere the less certain is its angle
        speed = np.abs(s1[:, 1]) * WAVELENGTH
        places = positions(s1, p[6], p[7:9]) - spots.pixels
        return np.column_stack([places, (phi - angles) * speed]) * spots.precision()

    values = np.array([*START, 0.002, -0.003, 0.002])
    scale = np.array([*SCALE, 1e-3, 1e-3, 1e-3])
    for _ in range(3):
        hkl = index(values)
        result = fit(residuals, values, scale)
        values = result.values
    assert result.kept.sum() > 400, "too few spots to say anything"

    assert_within(result, np.array([*MODEL, 0, 0, 0]), [*NAMES, "x", "y", "z"])

    q = hkl @ (u @ b_matrix(np.array(CELL))).T
    phi = turned_to_sphere(q, angles)
    s1 = (S0 + about_x(q, phi)) * WAVELENGTH
    whole = result.kept & (spots.frames > 3) & (spots.frames < n_frames - 3)
    full = darwin(s1, width)
    measured = spots.intensities / full
    expected = TRUTH.square(hkl)
    strong = whole & (spots.intensities > 20 * np.sqrt(spots.variances))
    correlation = np.corrcoef(measured[strong], expected[strong])[0, 1]
    ratio = float(np.sum(measured[strong] * full[strong]) / np.sum(expected[strong] * full[strong]))
    print(f"{strong.sum()} reflections, CC {correlation:.5f}, measured over Darwin's {ratio:.4f}")
    assert correlation > 0.999
    assert abs(ratio - 1) < 0.02


def darwin(s1: Array, width: float) -> Array:
    """Photons of a reflection with F = 1 e that turns through the Ewald sphere about x, in an image of `width` degrees: Darwin's
    formula with the polarisation of a synchrotron's beam and what the sensor absorbs. `s1` are unit vectors."""
    beam = np.array([0.0, 0.0, -1.0])
    lorentz = 1 / np.abs(np.cross(beam, s1)[:, 0])
    # the electric field along x, as bragg's default of 0.999
    polarization = 0.999 * (1 - s1[:, 0] ** 2) + 0.001 * (1 - s1[:, 1] ** 2)
    captured = 1 - np.exp(-THICKNESS / ATTENUATION / -s1[:, 2])
    cell = 1 / np.linalg.det(b_matrix(np.array(CELL))) * 1e-30
    photons = FLUX * EXPOSURE / (EXTENT * 1e-3) ** 2
    cells = (EXTENT * 1e-3) ** 3 / cell
    per_area = photons * CLASSICAL_ELECTRON_RADIUS**2 * (WAVELENGTH * 1e-10) ** 3 * cells / cell
    photons_of_one: Array = per_area * lorentz * polarization * captured / math.radians(width)
    return photons_of_one


def still_rays(q: Array) -> tuple[Array, Array]:
    """Where the reflections of a still are recorded, as s1 in 1/Å, and their excitation errors in standard deviations.

    A reflection is a small Gaussian cloud about q, as wide as a domain makes it in all directions, and wider across q by the mosaicity.
    Its spot is where the cloud is densest on the Ewald sphere: q moves along C·n, with C the covariance and n the sphere's normal.
    """
    block = np.prod(N_CELLS) / np.linalg.det(b_matrix(np.array(CELL)))
    own = 1 / math.sqrt(2 * math.pi) / np.cbrt(block)
    angular = math.radians(ETA)
    moved = q.copy()
    error = np.zeros(len(q))
    for turn in range(4):
        s1 = S0 + moved
        n = s1 / np.linalg.norm(s1, axis=1, keepdims=True)
        square = np.sum(q * q, axis=1, keepdims=True)
        c_n = own**2 * n + angular**2 * (square * n - q * np.sum(q * n, axis=1, keepdims=True))
        variance = np.sum(n * c_n, axis=1)
        outside = np.linalg.norm(s1, axis=1) - 1 / WAVELENGTH
        if turn == 0:
            error = outside / np.sqrt(variance)
        moved = moved - c_n * (outside / variance)[:, None]
    return S0 + moved, error


def test_stills() -> None:
    """One cell, one distance and twenty orientations come back from twenty stills in random orientations."""
    generator = np.random.default_rng(5)
    truths = [rotation(generator.normal(size=3)) for _ in range(20)]
    frames, tables = [], []
    for i, u in enumerate(truths):
        spots = find_spots(bragg.noise(experiment(u, frame=i).simulate(), seed=200 + i)[None], (0, 4))
        tables.append(spots)
        frames.append(np.full(len(spots.frames), i))
    pixels = np.concatenate([spots.pixels for spots in tables])
    precision = np.concatenate([spots.precision() for spots in tables])
    still = np.concatenate(frames)

    def reciprocal(p: Array) -> list[Array]:
        b = b_matrix(p[:6])
        return [rotation(p[9 + 3 * i : 12 + 3 * i]) @ u @ b for i, u in enumerate(truths)]

    def index(p: Array) -> NDArray[np.int64]:
        q = rays(pixels, p[6], p[7:9]) / WAVELENGTH - S0
        inverse = np.array([np.linalg.inv(a) for a in reciprocal(p)])
        indices: NDArray[np.int64] = np.rint(np.einsum("nij,nj->ni", inverse[still], q)).astype(np.int64)
        return indices

    def residuals(p: Array) -> Array:
        q = np.einsum("nij,nj->ni", np.array(reciprocal(p))[still], hkl)
        s1, error = still_rays(q)
        places = (positions(s1, p[6], p[7:9]) - pixels) * precision
        return np.column_stack([places, error])

    values = np.concatenate([START, generator.normal(scale=0.002, size=60)])
    scale = np.concatenate([SCALE, np.full(60, 1e-3)])
    for _ in range(2):
        hkl = index(values)
        result = fit(residuals, values, scale)
        values = result.values
    assert result.kept.sum() > 2000, "too few spots to say anything"
    assert result.kept.mean() > 0.9, "the model explains the spots that were found"
    assert_within(result, MODEL, NAMES)
    # of sixty numbers three are expected beyond two standard uncertainties
    pulls = (result.values / np.sqrt(np.diag(result.covariance)))[9:]
    assert np.sqrt(np.mean(pulls**2)) < 1.4, pulls
    assert (np.abs(pulls) < 2).sum() >= 54, pulls
