"""Compares the metrics of `bragg compare` with numpy and scipy on the same pairs of images, to 1e-12.

    python check_metrics.py PROGRAM [FOLDER]

PROGRAM is bragg; it works in FOLDER, or in a temporary one. Needs numpy and scipy, and is skipped without them. Prints one line per
pair and ends with status 1 if one fails.
"""

import json
import pathlib
import subprocess
import sys
import tempfile

try:
    import numpy as np
    import scipy.ndimage
    import scipy.optimize
    import scipy.stats
except ImportError as error:
    print(f"skipped: {error}")
    sys.exit(0)

TOLERANCE = 1e-12
GATE, N_PEAKS, REL_TOLERANCE, REL_FLOOR = 3.0, 50, 1e-3, 1e-9
failures = []


def spots(shape, seed, shift=0.0):
    """Spots of many heights on a background."""
    random = np.random.default_rng(seed)
    slow, fast = np.indices(shape)
    image = 3 + 0.01 * fast + 0.02 * slow
    for _ in range(60):
        y, x = random.uniform(0, shape[0]), random.uniform(0, shape[1])
        height = 10 ** random.uniform(0, 4)
        image = image + height * np.exp(-((fast - x - shift) ** 2 + (slow - y) ** 2) / (2 * 1.3**2))
    return image.astype(np.float32)


def peaks_of(image, takes_part):
    """(height, panel-relative fast, slow, intensity) of the local maxima, the strongest first; ties go to the first pixel."""
    found = []
    for slow in range(1, image.shape[0] - 1):
        for fast in range(1, image.shape[1] - 1):
            box = np.s_[slow - 1 : slow + 2, fast - 1 : fast + 2]
            nine, height = image[box], image[slow, fast]
            if not takes_part[box].all() or height <= 0:
                continue
            flat = nine.ravel()
            if (flat[:4] >= height).any() or (flat[5:] > height).any():
                continue
            above = nine - nine.min()
            y, x = np.indices((3, 3)) - 1
            total = above.sum()
            found.append((height, fast + (above * x).sum() / total, slow + (above * y).sum() / total, nine.sum()))
    found.sort(key=lambda peak: -peak[0])
    return found[: 2 * N_PEAKS]


def of_peaks(reference, candidate):
    n, m = len(reference), len(candidate)
    cost = np.zeros((n, m + n))
    for i, a in enumerate(reference):
        for j, b in enumerate(candidate):
            distance = np.hypot(a[1] - b[1], a[2] - b[2])
            cost[i, j] = distance**2 - GATE**2 if distance <= GATE else 1e6
    rows, columns = scipy.optimize.linear_sum_assignment(cost)
    partners = {row: column for row, column in zip(rows, columns) if column < m}
    top = min(N_PEAKS, n)
    pairs = [(reference[i], candidate[partners[i]]) for i in range(top) if i in partners]
    shifts = [np.hypot(a[1] - b[1], a[2] - b[2]) for a, b in pairs]
    errors = [abs(b[3] - a[3]) / a[3] for a, b in pairs]
    taken = set(partners.values())
    metrics = {
        "peaks_reference": top,
        "peaks_matched": len(pairs),
        "peaks_missing": top - len(pairs),
        "peaks_extra": sum(j not in taken for j in range(min(N_PEAKS, m))),
    }
    if pairs:
        metrics |= {
            "peak_shift_mean": np.mean(shifts),
            "peak_shift_max": np.max(shifts),
            "peak_intensity_error_median": np.median(errors),
            "peak_intensity_error_max": np.max(errors),
        }
    return metrics


def ssim(reference, candidate, takes_part):
    """Wang et al. (2004) as scikit-image computes it with gaussian_weights and use_sample_covariance=False."""
    data_range = reference[takes_part].max() - reference[takes_part].min()
    x, y = np.where(takes_part, reference, 0.0), np.where(takes_part, candidate, 0.0)

    def mean(image):
        return scipy.ndimage.gaussian_filter(image, sigma=1.5, truncate=3.5, mode="reflect")

    ux, uy = mean(x), mean(y)
    vx, vy, vxy = mean(x * x) - ux * ux, mean(y * y) - uy * uy, mean(x * y) - ux * uy
    c1, c2 = (0.01 * data_range) ** 2, (0.03 * data_range) ** 2
    similarity = (2 * ux * uy + c1) * (2 * vxy + c2) / ((ux**2 + uy**2 + c1) * (vx + vy + c2))
    return similarity[5:-5, 5:-5].mean()


def expected(reference, candidate, roi=None, mask=None):
    """Every metric of a pair with one panel."""
    r, c = reference.astype(np.float64), candidate.astype(np.float64)
    keep = np.ones(r.shape, bool) if mask is None else mask > 0
    fast_0, slow_0 = (roi[0], roi[2]) if roi else (0, 0)
    if roi:
        window = np.s_[roi[2] : roi[3] + 1, roi[0] : roi[1] + 1]
        r, c, keep = r[window], c[window], keep[window]
    finite = keep & np.isfinite(r) & np.isfinite(c)
    slow, fast = np.nonzero(finite)
    a, b = r[finite], c[finite]
    difference = np.abs(b - a)
    relative = difference / np.maximum(np.abs(a), REL_FLOOR * np.abs(a).max())
    same = (r == c) | (np.isnan(r) & np.isnan(c))
    shift_fast = np.average(fast, weights=b) - np.average(fast, weights=a)
    shift_slow = np.average(slow, weights=b) - np.average(slow, weights=a)
    metrics = {
        "correlation": scipy.stats.pearsonr(a, b)[0],
        "sum_ratio": b.sum() / a.sum(),
        "reference_sum": a.sum(),
        "candidate_sum": b.sum(),
        "mse": np.mean((b - a) ** 2),
        "rmse": np.sqrt(np.mean((b - a) ** 2)),
        "max_abs": difference.max(),
        "max_rel": relative.max(),
        "median_rel": np.median(relative),
        "p99_rel": np.percentile(relative, 99),
        "n_beyond_rel": (relative > REL_TOLERANCE).sum(),
        "fraction_beyond_rel": (relative > REL_TOLERANCE).mean(),
        "n_different": (keep & ~same).sum(),
        "zero_agreement": ((a == 0) == (b == 0)).mean(),
        "n_zero_mismatch": ((a == 0) != (b == 0)).sum(),
        "ssim": ssim(r, c, finite),
        "centroid_shift": np.hypot(shift_fast, shift_slow),
        "centroid_shift_fast": shift_fast,
        "centroid_shift_slow": shift_slow,
        "n_pixels": keep.sum(),
        "n_compared": finite.sum(),
        "reference_nan": np.isnan(r[keep]).sum(),
        "candidate_nan": np.isnan(c[keep]).sum(),
        "reference_inf": np.isinf(r[keep]).sum(),
        "candidate_inf": np.isinf(c[keep]).sum(),
        "n_nonfinite_mismatch": (keep & ~finite & ~same).sum(),
    }
    worst = int(np.argmax(difference))
    place = (int(fast[worst]) + fast_0, int(slow[worst]) + slow_0) if difference.max() > 0 else None
    return metrics | of_peaks(peaks_of(r, finite), peaks_of(c, finite)), place


def check(program, folder, name, reference, candidate, roi=None, mask=None):
    folder = folder / name
    folder.mkdir()
    np.save(folder / "a.npy", reference)
    np.save(folder / "b.npy", candidate)
    command = [program, "compare", "--json", "--outdir", folder / "out", "--images", folder / "a.npy", folder / "b.npy"]
    if roi:
        command += ["--roi", *map(str, roi)]
    if mask is not None:
        np.save(folder / "mask.npy", mask)
        command += ["--mask", folder / "mask.npy"]
    run = subprocess.run(command, stdout=subprocess.PIPE)
    found = json.loads(run.stdout)
    wanted, place = expected(reference, candidate, roi, mask)
    wrong = []
    missing = {key for key, value in found["metrics"].items() if value is not None} - set(wanted)
    if missing:
        wrong.append(f"no reference for {sorted(missing)}")
    for key, value in wanted.items():
        got = found["metrics"][key]
        # correlations and distances are differences of numbers of that size; all others keep their digits
        scale = 1.0 if key.startswith(("correlation", "ssim", "centroid", "peak_")) else abs(value)
        if got is None or not abs(got - value) <= TOLERANCE * scale:
            wrong.append(f"{key}: {got} and not {value}")
    at = found["max_abs_at"] and (found["max_abs_at"]["fast"], found["max_abs_at"]["slow"])
    if at != place:
        wrong.append(f"max_abs_at {at} and not {place}")
    print("FAILED" if wrong else "ok    ", name, f"{len(wanted)} metrics", *wrong, sep="  ")
    if wrong:
        failures.append(name)


def main():
    program = str(pathlib.Path(sys.argv[1]).resolve())
    temporary = None if len(sys.argv) > 2 else tempfile.TemporaryDirectory()
    folder = pathlib.Path(sys.argv[2] if temporary is None else temporary.name)
    shape = (61, 83)
    a = spots(shape, 1)
    random = np.random.default_rng(7)
    noisy = (a * random.normal(1, 1e-3, shape)).astype(np.float32)
    mask = (random.uniform(size=shape) > 0.1).astype(np.int32)
    broken = noisy.copy()
    broken[10, 20], broken[30, 40], broken[50, 60] = np.nan, np.inf, -np.inf
    broken_too = a.copy()
    broken_too[10, 20], broken_too[30, 40] = np.nan, -np.inf
    holes = [np.where(random.uniform(size=shape) > 0.2, image, 0).astype(np.float32) for image in (a, noisy)]
    counts = [random.poisson(image).astype(np.int32) for image in (a, a)]
    for name, reference, candidate, options in [
        ("noisy", a, noisy, {}),
        ("scaled", a, (a * np.float32(1.004)).astype(np.float32), {}),
        ("shifted", a, spots(shape, 1, shift=0.5), {}),
        ("another", a, spots(shape, 2), {}),
        ("window", a, noisy, {"roi": (10, 49, 5, 44)}),
        ("masked", a, noisy, {"mask": mask}),
        ("masked_window", a, spots(shape, 1, shift=0.25), {"mask": mask, "roi": (3, 70, 7, 60)}),
        ("not_finite", broken_too, broken, {}),
        ("holes", *holes, {}),
        ("counts", *counts, {}),
        ("dim", (a * np.float32(1e-12)).astype(np.float32), (noisy * np.float32(1e-12)).astype(np.float32), {}),
    ]:
        check(program, folder, name, reference, candidate, **options)
    print(f"{len(failures)} failed" if failures else "all passed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
