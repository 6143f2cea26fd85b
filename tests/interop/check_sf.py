"""Reads what `bragg sf` and `bragg orient` write with gemmi and numpy, and compares the numbers with gemmi's own.

    python check_sf.py PROGRAM FOLDER [MODEL ...]

Without models, the one of the examples. Prints one line per check and ends with status 1 if one fails.
"""

import pathlib
import subprocess
import sys

import gemmi
import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[2]
D_MIN = 2.5
LARGEST_R = 0.005
N_COMPARED = 400
failures = []


def check(name, passed, detail=""):
    print(("ok    " if passed else "FAILED"), name, detail, flush=True)
    if not passed:
        failures.append(name)


def run(program, folder, *words):
    command = [program, *map(str, words)]
    return subprocess.run(command, check=True, cwd=folder, stdout=subprocess.PIPE, text=True).stdout


def check_amplitudes(program, folder, path):
    name = pathlib.Path(path).name
    table = run(program, folder, "sf", path, "--no-solvent", "--no-cache", "--quiet", "--dmin", D_MIN, "-o", "P1.hkl", "-o", "out.mtz")
    rows = np.loadtxt(folder / "P1.hkl")
    hkls, ours = rows[:, :3].astype(int), rows[:, 3]
    structure = gemmi.read_structure(str(path))
    structure.setup_cell_images()
    cell, group = structure.cell, structure.find_spacegroup()
    calculator = gemmi.StructureFactorCalculatorX(cell)
    chosen = np.random.default_rng(1).permutation(len(hkls))[:N_COMPARED]
    theirs = np.array([abs(calculator.calculate_sf_from_model(structure[0], hkls[i].tolist())) for i in chosen])
    r = np.abs(ours[chosen] - theirs).sum() / theirs.sum()
    check(f"{name}: amplitudes", r <= LARGEST_R, f"R {100 * r:.4f} % over {len(chosen)}")
    half = gemmi.make_miller_array(cell, gemmi.SpaceGroup("P 1"), D_MIN)
    check(f"{name}: every reflection in P1", len(np.unique(hkls, axis=0)) == len(hkls) == 2 * len(half) + 1, len(hkls))
    present = sum(2 for hkl in half if not group.operations().is_systematically_absent(hkl.tolist()))
    listed = [line.split() for line in table.splitlines() if line.strip().startswith("all ")][0]
    check(f"{name}: the table's counts", [int(listed[1]), int(listed[2])] == [present, present], listed)
    f_000 = calculator.calculate_sf_from_model(structure[0], [0, 0, 0]).real
    printed = float(table.split("F(000)")[1].split()[0])
    check(f"{name}: F(000)", abs(printed / f_000 - 1) < 0.01, f"{printed} and {f_000:.1f}")
    check_mtz(name, folder, dict(zip(map(tuple, hkls), ours)), cell, group)


def check_mtz(name, folder, amplitudes, cell, group):
    mtz = gemmi.read_mtz_file(str(folder / "out.mtz"))
    check(f"{name}: MTZ space group", mtz.spacegroup.hm == group.hm, mtz.spacegroup.hm)
    check(f"{name}: MTZ cell", np.allclose(mtz.cell.parameters, cell.parameters, atol=1e-3), mtz.cell.parameters)
    hkls, values = mtz.make_miller_array(), mtz.column_with_label("F").array
    off = max(abs(amplitudes[tuple(hkl)] - value) for hkl, value in zip(hkls.tolist(), values))
    check(f"{name}: MTZ amplitudes", off <= 1e-6 * max(values), off)
    asu = gemmi.ReciprocalAsu(group)
    check(f"{name}: MTZ asymmetric unit", all(asu.is_in(hkl) for hkl in hkls.tolist()), len(hkls))


def rotation(angles):
    """About x, then y, then z."""
    (cx, cy, cz), (sx, sy, sz) = np.cos(np.radians(angles)), np.sin(np.radians(angles))
    about_x = np.array([[1, 0, 0], [0, cx, -sx], [0, sx, cx]])
    about_y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    about_z = np.array([[cz, -sz, 0], [sz, cz, 0], [0, 0, 1]])
    return about_z @ about_y @ about_x


def check_orientations(program, folder):
    parameters, angles, wavelength = (40, 50, 60, 80, 95, 100), (10, -20, 130), 0.98
    text = run(program, folder, "orient", "--cell", *parameters, "--misset", *angles, "--wavelength", wavelength, "-o", "A.mat")
    line = next(line for line in text.splitlines() if line.startswith("a_matrix"))
    matrix = np.array(eval(line.split("=")[1].split("#")[0]))
    orthogonalization = np.array(gemmi.UnitCell(*parameters).orth.mat.tolist())
    expected = rotation(angles) @ np.linalg.inv(orthogonalization).T
    check("orient: A", np.allclose(matrix, expected, atol=1e-11), abs(matrix - expected).max())
    lines = [list(map(float, line.split())) for line in (folder / "A.mat").read_text().splitlines()]
    # x of MOSFLM is along the beam, which is -z here; z is the spindle, x here
    frame = np.array([[0, 0, -1], [0, 1, 0], [1, 0, 0]])
    check("orient: MOSFLM matrix", np.allclose(lines[:3], wavelength * frame @ expected, atol=1e-8))
    check("orient: MOSFLM cell", lines[7] == list(parameters), lines[7])
    u = np.array(lines[4:7])
    b = np.linalg.solve(u, frame @ expected)
    check("orient: U is a rotation, B upper triangular", np.allclose(u @ u.T, np.eye(3), atol=1e-7) and abs(np.tril(b, -1)).max() < 1e-8)


program, folder = str(pathlib.Path(sys.argv[1]).resolve()), pathlib.Path(sys.argv[2])
for path in sys.argv[3:] or [ROOT / "examples" / "1a8o.pdb"]:
    check_amplitudes(program, folder, pathlib.Path(path).resolve())
check_orientations(program, folder)
sys.exit(f"{len(failures)} checks failed" if failures else 0)
