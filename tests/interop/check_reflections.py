"""Compares lists of reflections in P1 with what gemmi makes of the same files, reflection by reflection.

    python check_reflections.py PROGRAM FOLDER [STRUCTURE_FACTORS.cif ...]

The lists are those that the library's example `reflections` prints; PROGRAM is not used. Made-up data in groups with every kind of
centring go through structure-factor mmCIF (written by gemmi), CrystFEL and SHELX lists and back through MTZ (read by gemmi); further
files are structure-factor mmCIF. Needs gemmi. Ends with status 1 if anything differs.
"""

import os
import pathlib
import subprocess
import sys

import gemmi
import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[2]
CELLS = {
    "triclinic": (20, 22, 25, 80, 95, 100),
    "monoclinic": (40, 18, 25, 90, 105, 90),
    "orthorhombic": (24, 28, 33, 90, 90, 90),
    "tetragonal": (26, 26, 40, 90, 90, 90),
    "trigonal": (30, 30, 45, 90, 90, 120),
    "hexagonal": (30, 30, 40, 90, 90, 120),
    "cubic": (35, 35, 35, 90, 90, 90),
}
# Space groups, each with its point group as CrystFEL calls it.
GROUPS = {
    "P -1": "-1", "C 1 2 1": "2_uab", "P 21 21 21": "222", "I 2 2 2": "mmm", "C 2 2 21": "222", "P 43 21 2": "4/mmm",
    "I 41/a:2": "4/m", "R 3 2:H": "321_H", "R -3:H": "-3_H", "P 31 1 2": "312_H", "P 61 2 2": "622", "F 4 3 2": "432",
    "I 21 3": "m-3",
}
failures = []


def example(path, **options):
    cargo = os.environ.get("CARGO", "cargo")
    words = [f"{key}={value}" for key, value in options.items()]
    command = [cargo, "run", "--quiet", "--package", "bragg-io", "--example", "reflections", "--", str(path), *words]
    output = subprocess.run(command, check=True, cwd=ROOT, capture_output=True, text=True, stdin=subprocess.DEVNULL).stdout
    lines = [line.split() for line in output.splitlines()]
    return {tuple(map(int, words[:3])): float(words[3]) for words in lines}


def in_p1(pairs, group):
    """All mates by gemmi's operators, then Friedel mates where no operator gives them, without absences."""
    operations = group.operations()
    direct, friedel = {}, {}
    for hkl, value in pairs:
        if operations.is_systematically_absent(hkl):
            continue
        for op in operations.sym_ops:
            mate = tuple(op.apply_to_hkl(hkl))
            direct[mate] = value
            friedel[tuple(-i for i in mate)] = value
    return friedel | direct


def compare(name, found, expected):
    if found.keys() != expected.keys():
        failures.append(name)
        print("FAILED", name, len(found), "reflections and not", len(expected), sorted(found.keys() ^ expected.keys())[:5])
        return
    worst = max((abs(found[hkl] - value) / max(abs(value), 1e-3) for hkl, value in expected.items()), default=0)
    if not expected or worst > 2e-6:
        failures.append(name)
    print("FAILED" if name in failures else "ok    ", f"{name}: {len(found)} reflections, the worst differs by {worst:.1e}")


def amplitudes(values):
    return np.sqrt(np.maximum(values, 0))


def compare_cif(path, name):
    """Whatever gemmi reads as the first of these columns."""
    block = gemmi.as_refln_blocks(gemmi.cif.read(str(path)))[0]
    hkls = block.make_miller_array()
    label = next(label for label in ("F_meas_au", "intensity_meas", "pdbx_I_plus") if label in block.column_labels())
    values = np.array(block.make_float_array(label))
    table = block.block.find("_refln.", ["index_h", "?status"])
    marked = np.array([row.has(1) and row[1] in "x-" for row in table])
    used = ~np.isnan(values) & ~marked
    values = values if label.startswith("F") else amplitudes(values)
    pairs = [(tuple(map(int, hkl)), value) for hkl, value in zip(hkls[used], values[used])]
    compare(name, example(path), in_p1(pairs, block.spacegroup))


def made_up(name, rng):
    group = gemmi.SpaceGroup(name)
    cell = gemmi.UnitCell(*CELLS[group.crystal_system_str()])
    hkls = gemmi.make_miller_array(cell, group, 3.0)
    intensities = rng.exponential(100, len(hkls)).round(2) - 3
    return group, cell, hkls, intensities.astype(np.float32), rng.uniform(1, 9, len(hkls)).round(2).astype(np.float32)


def through_cif(folder, name, data):
    group, cell, hkls, intensities, sigmas = data
    mtz = gemmi.Mtz(with_base=True)
    mtz.spacegroup, mtz.cell = group, cell
    mtz.set_cell_for_all(cell)
    mtz.add_dataset("made up")
    for label, kind in ("F", "F"), ("SIGF", "Q"):
        mtz.add_column(label, kind)
    mtz.set_data(np.column_stack([hkls, amplitudes(intensities), sigmas]).astype(np.float32))
    path = folder / "made_up.cif"
    path.write_text(gemmi.MtzToCif().write_cif_to_string(mtz))
    compare_cif(path, f"{name} as mmCIF")


def through_crystfel(folder, name, point_group, data):
    group, cell, hkls, intensities, sigmas = data
    path = folder / "crystfel.hkl"
    rows = [f"{h:4} {k:4} {l:4} {i:10.2f}        - {s:10.2f}       3" for (h, k, l), i, s in zip(hkls, intensities, sigmas)]
    head = ["CrystFEL reflection list version 2.0", f"Symmetry: {point_group}", "   h    k    l          I    phase   sigma(I)   nmeas"]
    path.write_text("\n".join(head + rows + ["End of reflections"]) + "\n")
    pairs = [(tuple(map(int, hkl)), value) for hkl, value in zip(hkls, amplitudes(intensities.astype(float).round(2)))]
    options = {"cell": ",".join(map(str, cell.parameters)), "group": name}
    compare(f"{name} from CrystFEL's {point_group}", example(path, **options), in_p1(pairs, group))


def through_shelx(folder, name, data):
    """Unmerged, with random mates; gemmi merges them, Friedel mates apart."""
    group, cell, hkls, intensities, sigmas = data
    rng = np.random.default_rng(7)
    operations = list(group.operations().sym_ops)
    rows = []
    for hkl, intensity, sigma in zip(hkls, intensities.astype(float), sigmas.astype(float)):
        for _ in range(rng.integers(1, 4)):
            mate = operations[rng.integers(len(operations))].apply_to_hkl(list(map(int, hkl)))
            sign = rng.choice([-1, 1])
            rows.append([*(sign * i for i in mate), round(intensity + rng.normal(0, sigma), 2), sigma])
    rows = np.array(rows)
    text = "".join(f"{int(h):4}{int(k):4}{int(l):4}{i:8.2f}{s:8.2f}{1:4}\n" for h, k, l, i, s in rows)
    path = folder / "shelx.hkl"
    path.write_text(text + f"{0:4}{0:4}{0:4}{0:8.2f}{0:8.2f}{0:4}\n")
    merged = gemmi.Intensities()
    merged.set_data(cell, group, rows[:, :3].astype(np.int32), rows[:, 3].copy(), rows[:, 4].copy())
    merged.merge_in_place(gemmi.DataType.Anomalous)
    # gemmi keeps both of a pair under one index, with the sign apart
    pairs = [
        (tuple(int(i) * (-1 if sign < 0 else 1) for i in hkl), value)
        for hkl, sign, value in zip(merged.miller_array, merged.isign_array, amplitudes(merged.value_array))
    ]
    options = {"cell": ",".join(map(str, cell.parameters)), "group": name}
    compare(f"{name} from SHELX", example(path, **options), in_p1(pairs, group))
    through_mtz(folder, name, path, options, pairs)


def through_mtz(folder, name, path, options, pairs):
    """What is written is what gemmi reads."""
    out = folder / "written.mtz"
    example(path, **options, out=out)
    mtz = gemmi.read_mtz_file(str(out))
    group, cell = gemmi.SpaceGroup(name), options["cell"]
    wanted = {"group": group.xhm(), "cell": tuple(map(float, cell.split(","))), "wavelength": 0.9793}
    found = {"group": mtz.spacegroup.xhm(), "cell": mtz.cell.parameters, "wavelength": round(mtz.datasets[1].wavelength, 5)}
    unit = gemmi.ReciprocalAsu(group)
    hkls = np.array(mtz, copy=False)[:, :3].astype(int)
    outside = [hkl for hkl in hkls.tolist() if not unit.is_in(hkl)]
    if wanted != found or outside:
        failures.append(f"{name} as MTZ")
        print("FAILED", f"{name} as MTZ: {found} and not {wanted}; outside of the asymmetric unit: {outside[:5]}")
    listed = []
    for label, sign in ("F(-)", -1), ("F(+)", 1):
        values = mtz.column_with_label(label).array
        listed += [(tuple(sign * i for i in hkl), value) for hkl, value in zip(hkls.tolist(), values) if not np.isnan(value)]
    compare(f"{name} written as MTZ", in_p1(listed, group), in_p1(pairs, group))


def main():
    folder = pathlib.Path(sys.argv[2])
    rng = np.random.default_rng(1)
    for name, point_group in GROUPS.items():
        data = made_up(name, rng)
        through_cif(folder, name, data)
        through_crystfel(folder, name, point_group, data)
        through_shelx(folder, name, data)
    for path in sys.argv[3:]:
        compare_cif(pathlib.Path(path), pathlib.Path(path).name)
    print("FAILED" if failures else "ok", len(failures), "differences")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
