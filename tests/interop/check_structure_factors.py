"""Compares structure factors from coordinates with gemmi's direct summation over the same atoms.

    python check_structure_factors.py PROGRAM FOLDER [MODEL ...]

The structure factors are those that the library's example `structure_factors` prints; PROGRAM is not used. Without models, the
one of the tests. Prints one line per check and ends with status 1 if one fails.
"""

import pathlib
import subprocess
import sys

import gemmi
import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[2]
CARGO = ["cargo", "run", "--quiet", "--package", "bragg", "--example", "structure_factors", "--"]
LARGEST_R = 0.005
LARGEST_PHASE = 1.0
N_COMPARED = 1500


def compare(path, d_min):
    run = subprocess.run([*CARGO, path, str(d_min)], check=True, capture_output=True, text=True, cwd=ROOT)
    table = np.loadtxt(run.stdout.splitlines())
    hkls, ours = table[:, :3].astype(int), table[:, 3] + 1j * table[:, 4]
    structure = gemmi.read_structure(str(path))
    structure.setup_cell_images()
    calculator = gemmi.StructureFactorCalculatorX(structure.cell)
    rows = np.random.default_rng(1).permutation(len(hkls))[:N_COMPARED]
    rows = np.union1d(rows, np.flatnonzero((hkls == 0).all(axis=1)))
    theirs = np.array([calculator.calculate_sf_from_model(structure[0], hkls[i].tolist()) for i in rows])
    ours = ours[rows]
    r = np.abs(np.abs(ours) - np.abs(theirs)).sum() / np.abs(theirs).sum()
    # a phase means nothing where there is no amplitude
    strong = np.abs(theirs) > 0.05 * np.sqrt((np.abs(theirs[hkls[rows].any(axis=1)]) ** 2).mean())
    phases = np.abs(np.degrees(np.angle(ours[strong] * theirs[strong].conj())))
    passed = r <= LARGEST_R and phases.max() <= LARGEST_PHASE
    print(
        "ok    " if passed else "FAILED",
        f"{pathlib.Path(path).name} to {d_min} A: R {100 * r:.4f} %, phases within {phases.max():.3f} deg;",
        f"{len(rows)} compared; {run.stderr.strip()}",
        flush=True,
    )
    return passed


models = sys.argv[3:] or [ROOT / "examples" / "1a8o.pdb"]
results = [compare(path, d_min) for path in models for d_min in (2.0, 3.0)]
sys.exit(0 if all(results) else 1)
