"""Compares structure factors from coordinates with gemmi's, over the same atoms.

    python check_structure_factors.py PROGRAM FOLDER [MODEL or folder of models and reflections ...]

The structure factors are those that the library's example `structure_factors` prints; PROGRAM is not used. Without models, the
one of the examples. Of a folder, all its PDB and CIF files, and each MTZ file with observed amplitudes whose name begins as a model's
does. Checked are

- atoms alone, against gemmi's direct summation: R within 0.5 %, phases within 1 degree;
- atoms and bulk solvent, against gemmi's density and mask with its two kinds of radii: R within 2 %;
- anomalous differences, against gemmi's sum and one of f' + i f'' written here;
- f' and f'' against xraylib's, where that is installed, away from edges: within 1 % of f'' and of the larger of f' and 1 electron;
- the correlation with observed amplitudes: what gemmi gets within 0.01.

Prints one line per check and ends with status 1 if one fails.
"""

import pathlib
import subprocess
import sys

import gemmi
import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[2]
CARGO = ["cargo", "run", "--quiet", "--package", "bragg-io", "--example", "structure_factors", "--"]
LARGEST_R = 0.005
LARGEST_R_WITH_SOLVENT = 0.02
LARGEST_PHASE = 1.0
LARGEST_BIJVOET = 0.01
N_COMPARED = 1500
K_SOL, B_SOL = 0.35, 46.0
SELENIUM_PEAK = 12665.0


def report(passed, text):
    print("ok    " if passed else "FAILED", text, flush=True)
    return passed


def read(path):
    structure = gemmi.read_structure(str(path))
    structure.setup_cell_images()
    del structure[1:]
    return structure


def printed(*arguments):
    return subprocess.run([*CARGO, *map(str, arguments)], check=True, capture_output=True, text=True, cwd=ROOT)


def ours(path, d_min, *settings):
    run = printed(path, d_min, *settings)
    table = np.loadtxt(run.stdout.splitlines())
    return table[:, :3].astype(int), table[:, 3] + 1j * table[:, 4], run.stderr.strip()


def r_value(ours, theirs):
    return np.abs(np.abs(ours) - np.abs(theirs)).sum() / np.abs(theirs).sum()


def phase_difference(ours, theirs, strong):
    return np.abs(np.degrees(np.angle(ours[strong] * theirs[strong].conj()))).max()


def check_atoms(path, d_min):
    hkls, f, note = ours(path, d_min)
    structure = read(path)
    calculator = gemmi.StructureFactorCalculatorX(structure.cell)
    rows = np.sort(np.random.default_rng(1).permutation(len(hkls))[:N_COMPARED])
    rows = rows[hkls[rows].any(axis=1)]
    theirs = np.array([calculator.calculate_sf_from_model(structure[0], hkls[i].tolist()) for i in rows])
    r = r_value(f[rows], theirs)
    # a phase means nothing where there is no amplitude
    strong = np.abs(theirs) > 0.05 * np.sqrt((np.abs(theirs) ** 2).mean())
    phases = phase_difference(f[rows], theirs, strong)
    asymmetric = sum(site.atom.occ * site.atom.element.atomic_number for site in structure[0].all())
    electrons = asymmetric * (len(structure.cell.images) + 1)
    forward = f[~hkls.any(axis=1)][0]
    passed = r <= LARGEST_R and phases <= LARGEST_PHASE and abs(forward - electrons) < 1e-6 * electrons
    text = f"R {100 * r:.4f} %, phases within {phases:.3f} deg, F(000) {forward.real:.2f} of {electrons:.2f} electrons"
    return report(passed, f"{path.name} to {d_min} A: {text}; {len(rows)} compared; {note}")


def gemmi_total(structure, hkls, d_min, masker, k_sol=K_SOL):
    """gemmi's F of atoms by its density and of bulk solvent by its mask."""
    calculator = gemmi.DensityCalculatorX()
    calculator.d_min = d_min
    calculator.rate = 3.0
    calculator.set_refmac_compatible_blur(structure[0])
    calculator.grid.setup_from(structure)
    calculator.put_model_density_on_grid(structure[0])
    mask = gemmi.FloatGrid()
    mask.setup_from(structure, spacing=min(d_min / 3, 0.5))
    masker.put_mask_on_float_grid(mask, structure[0])
    stol2 = structure.cell.calculate_1_d2_array(hkls) / 4
    atoms = gemmi.transform_map_to_f_phi(calculator.grid).get_value_by_hkl(hkls) * np.exp(calculator.blur * stol2)
    solvent = gemmi.transform_map_to_f_phi(mask).get_value_by_hkl(hkls)
    return atoms + k_sol * np.exp(-B_SOL * stol2) * solvent


def check_solvent(path, d_min):
    structure = read(path)
    results = []
    for radii in ("van der Waals", 1.5):
        if radii == 1.5:
            masker = gemmi.SolventMasker(gemmi.AtomicRadiiSet.Constant, radii)
            masker.rprobe, masker.rshrink = 0.9, 0.8
            setting = f"solvent={K_SOL},{B_SOL},0.9,0.8,{radii}"
        else:
            masker = gemmi.SolventMasker(gemmi.AtomicRadiiSet.VanDerWaals)
            setting = "solvent=default"
        hkls, f, _ = ours(path, d_min, setting)
        rows = hkls.any(axis=1)
        theirs = gemmi_total(structure, hkls[rows], d_min, masker)
        strong = np.abs(theirs) > 0.05 * np.sqrt((np.abs(theirs) ** 2).mean())
        r, phases = r_value(f[rows], theirs), phase_difference(f[rows], theirs, strong)
        text = f"{path.name} to {d_min} A with solvent, radii {radii}: R {100 * r:.4f} %, phases within {phases:.3f} deg"
        results.append(report(r <= LARGEST_R_WITH_SOLVENT, text))
    return all(results)


def anomalous_sum(structure, hkls, corrections):
    """Sum of (f' + i f'') q T exp(2 pi i h x) over the cell, written down."""
    cell = structure.cell
    group = gemmi.find_spacegroup_by_name(structure.spacegroup_hm, cell.alpha, cell.gamma)
    total = np.zeros(len(hkls), complex)
    fractional = np.array(cell.frac.mat.tolist())
    for site in structure[0].all():
        atom = site.atom
        if atom.element.name not in corrections:
            continue
        position = np.array(cell.fractionalize(atom.pos).tolist())
        u = atom.aniso
        for operation in group.operations():
            rotation = np.array(operation.rot) / gemmi.Op.DEN
            turned = hkls @ rotation
            s = turned @ fractional
            if u.nonzero():
                tensor = np.array([[u.u11, u.u12, u.u13], [u.u12, u.u22, u.u23], [u.u13, u.u23, u.u33]])
                damping = np.exp(-2 * np.pi**2 * np.einsum("ni,ij,nj->n", s, tensor, s))
            else:
                damping = np.exp(-atom.b_iso * (s**2).sum(axis=1) / 4)
            phase = 2 * np.pi * (turned @ position + hkls @ np.array(operation.tran) / gemmi.Op.DEN)
            total += corrections[atom.element.name] * atom.occ * damping * np.exp(1j * phase)
    return total


def check_anomalous(path, d_min, symbol, energy):
    structure = read(path)
    present = sorted({site.atom.element.name for site in structure[0].all()})
    lines = printed("dispersion", energy, *present).stdout.splitlines()
    corrections = {name: complex(float(real), float(imaginary)) for name, real, imaginary in map(str.split, lines)}
    if symbol not in corrections:
        return True
    hkls, f, _ = ours(path, d_min, f"energy={energy}")
    index = {tuple(hkl): i for i, hkl in enumerate(hkls.tolist())}
    half = np.array([i for i, hkl in enumerate(hkls.tolist()) if tuple(hkl) > (0, 0, 0)])
    half = np.sort(np.random.default_rng(2).permutation(half)[:N_COMPARED])
    mates = np.array([index[tuple(-hkls[i])] for i in half])
    calculator = gemmi.StructureFactorCalculatorX(structure.cell)
    normal = np.array([calculator.calculate_sf_from_model(structure[0], hkls[i].tolist()) for i in half])
    plus = normal + anomalous_sum(structure, hkls[half], corrections)
    minus = normal.conj() + anomalous_sum(structure, -hkls[half], corrections)
    theirs, found = np.abs(plus) - np.abs(minus), np.abs(f[half]) - np.abs(f[mates])
    off = np.sqrt(((found - theirs) ** 2).sum() / (theirs**2).sum())
    correlation = np.corrcoef(found, theirs)[0, 1]
    clear = np.abs(theirs) > 0.01 * np.abs(plus).mean()
    signs = (np.sign(found[clear]) == np.sign(theirs[clear])).mean()
    ratio = np.sqrt((theirs**2).mean()) / np.abs(plus).mean()
    text = (
        f"{path.name} to {d_min} A at {energy} eV ({symbol} f' {corrections[symbol].real:.2f}, f'' {corrections[symbol].imag:.2f}): "
        f"Bijvoet differences, {100 * ratio:.2f} % of <F>, off by {100 * off:.3f} %, correlation {correlation:.6f}, "
        f"{100 * signs:.1f} % of {clear.sum()} signs; R {100 * r_value(f[half], plus):.4f} %"
    )
    return report(off <= LARGEST_BIJVOET and signs == 1.0 and r_value(f[half], plus) <= LARGEST_R, text)


def check_dispersion():
    try:
        import xraylib
    except ImportError:
        print("       f' and f'' are not compared with xraylib's: it is not installed")
        return True
    worst, worst_f2, names = 0.0, 0.0, ["S", "Se", "Fe", "Zn"]
    for energy in (6000.0, 8047.8, 10500.0, 13500.0, 17479.0):
        for line in printed("dispersion", energy, *names).stdout.splitlines():
            name, real, imaginary = line.split()
            z = gemmi.Element(name).atomic_number
            f1, f2 = xraylib.Fi(z, energy / 1e3), -xraylib.Fii(z, energy / 1e3)
            worst = max(worst, abs(float(real) - f1) / max(abs(f1), 1))
            worst_f2 = max(worst_f2, abs(float(imaginary) / f2 - 1))
    text = f"f' within {100 * worst:.2f} %, f'' within {100 * worst_f2:.2f} % of xraylib's, {', '.join(names)} at five energies"
    return report(worst <= 0.01 and worst_f2 <= 0.01, text)


def check_observed(model, path):
    """Correlation with observed amplitudes, ours and gemmi's; the best of a few k_sol by gemmi's count."""
    mtz = gemmi.read_mtz_file(str(path))
    calculated = ("FC", "FWT", "DELFWT", "F-MODEL", "2FOFC")
    measured = [c for c in mtz.columns if c.type == "F" and not c.label.upper().startswith(calculated)]
    column = measured[0] if measured else None
    if column is None:
        return True
    hkls = mtz.make_miller_array()
    observed = np.array(column)
    d_min = round(mtz.resolution_high() - 5e-3, 2)
    keep = np.isfinite(observed) & (observed > 0) & (1 / np.sqrt(mtz.cell.calculate_1_d2_array(hkls)) > d_min)
    hkls, observed = hkls[keep], observed[keep]
    structure = read(model)
    passed = True
    for k_sol, setting in ((0.0, []), (K_SOL, ["solvent=default"])):
        listed, f, _ = ours(model, d_min, *setting)
        index = {tuple(hkl): i for i, hkl in enumerate(listed.tolist())}
        found = np.abs(f[[index[tuple(hkl)] for hkl in hkls.tolist()]])
        masker = gemmi.SolventMasker(gemmi.AtomicRadiiSet.VanDerWaals)
        theirs = np.abs(gemmi_total(structure, hkls, d_min, masker, k_sol))
        c, c_theirs = np.corrcoef(observed, found)[0, 1], np.corrcoef(observed, theirs)[0, 1]
        what = f"{path.name} ({column.label}, {len(hkls)} to {d_min} A) with {model.name}, k_sol {k_sol}"
        passed &= report(abs(c - c_theirs) <= 0.01, f"{what}: correlation {c:.4f}, gemmi's {c_theirs:.4f}")
    return passed


def main():
    named = [pathlib.Path(name) for name in sys.argv[3:]] or [ROOT / "examples" / "1a8o.pdb"]
    results = [check_dispersion()]
    for path in named:
        files = sorted(path.iterdir()) if path.is_dir() else [path]
        models = [file for file in files if file.name.endswith((".pdb", ".cif", ".cif.gz", ".pdb.gz"))]
        resolutions = (1.5, 2.0, 3.0) if path.is_dir() else (2.0, 3.0)
        for model in models:
            for d_min in resolutions:
                results += [check_atoms(model, d_min), check_solvent(model, d_min)]
            results.append(check_anomalous(model, 2.0, "Se", SELENIUM_PEAK))
        for file in files:
            if file.name.endswith((".mtz", ".mtz.gz")):
                results += [check_observed(model, file) for model in models if file.name.startswith(model.name.split(".")[0])]
    sys.exit(0 if all(results) else 1)


main()
