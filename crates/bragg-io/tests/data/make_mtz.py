#!/usr/bin/env python3
"""Makes the small MTZ files of these tests and, with gemmi, what a reader must get from them.

Needs gemmi and numpy. The crystals and numbers are made up. For every NAME.mtz there are NAME.COLUMN.p1 files: `h k l F`
for each reflection in P1 with Friedel mates, without systematic absences, F as the shortest decimal that gives the double.
Run in this folder: python make_mtz.py
"""

import math
import struct

import gemmi
import numpy as np

NAN = float("nan")


def table(group, cell, d_min, seed):
    """The unique reflections to d_min, some systematic absences with them, and random positive numbers."""
    cell = gemmi.UnitCell(*cell)
    group = gemmi.SpaceGroup(group)
    hkl = gemmi.make_miller_array(cell, group, d_min)
    asu = gemmi.ReciprocalAsu(group)
    absent = [
        [h, k, l]
        for h in range(-4, 5) for k in range(-4, 5) for l in range(-4, 5)
        if asu.is_in([h, k, l]) and group.operations().is_systematically_absent([h, k, l])
    ][:5]
    assert absent
    hkl = np.array(list(hkl) + absent)
    return cell, group, hkl, np.random.default_rng(seed)


def write(name, cell, group, hkl, columns, title):
    """columns: (label, type, values); NaN is missing."""
    mtz = gemmi.Mtz(with_base=True)
    mtz.title = title
    mtz.spacegroup = group
    mtz.set_cell_for_all(cell)
    mtz.add_dataset("made_up")
    for label, kind, _ in columns:
        mtz.add_column(label, kind)
    data = np.column_stack([hkl] + [values for _, _, values in columns]).astype(np.float32)
    mtz.set_data(data)
    mtz.history = ["made by make_mtz.py"]
    mtz.write_to_file(name)


def expand(name, plus, minus=None, intensity=False):
    """{hkl: F} in P1 by gemmi's operators; `minus` is the column for the Friedel mates."""
    mtz = gemmi.read_mtz_file(name)
    ops = mtz.spacegroup.operations()
    rows = mtz.make_miller_array()

    def amplitudes(label):
        values = mtz.column_with_label(label).array.astype(float)
        return np.sqrt(np.maximum(values, 0.0)) if intensity else values

    f_plus = amplitudes(plus)
    f_minus = f_plus if minus is None else amplitudes(minus)
    result = {}
    for hkl, positive, negative in zip(rows.tolist(), f_plus, f_minus):
        if ops.is_systematically_absent(hkl) or (math.isnan(positive) and math.isnan(negative)):
            continue
        positive, negative = (negative if math.isnan(positive) else positive), (positive if math.isnan(negative) else negative)
        mates = {tuple(op.apply_to_hkl(hkl)) for op in ops}
        for mate in mates:
            result[mate] = positive
        for mate in mates:
            result.setdefault(tuple(-i for i in mate), negative)
    return result


def expected(name, column, values):
    with open(name.removesuffix(".mtz") + "." + column + ".p1", "w") as out:
        for (h, k, l), amplitude in sorted(values.items()):
            out.write(f"{h} {k} {l} {float(amplitude)!r}\n")


def tetragonal():
    """P 43 21 2: amplitudes beside map coefficients and a flag; some missing."""
    name = "p43212.mtz"
    cell, group, hkl, random = table("P 43 21 2", (23.5, 23.5, 31.25, 90, 90, 90), 3.6, 1)
    n = len(hkl)
    amplitudes = random.gamma(2.0, 40.0, n)
    amplitudes[random.random(n) < 0.05] = NAN
    write(name, cell, group, hkl, [
        ("FREE", "I", random.integers(0, 20, n)),
        ("FWT", "F", random.gamma(2.0, 10.0, n)),
        ("PHWT", "P", random.uniform(-180, 180, n)),
        ("FP", "F", amplitudes),
        ("SIGFP", "Q", random.uniform(0.5, 2.0, n)),
    ], "Amplitudes and map coefficients")
    values = expand(name, "FP")
    # gemmi's own expansion, which leaves Friedel mates to Friedel's law.
    p1 = gemmi.read_mtz_file(name)
    p1.expand_to_p1()
    ops = group.operations()
    again = {}
    for row, f in zip(p1.make_miller_array().tolist(), p1.column_with_label("FP").array):
        if not math.isnan(f) and not ops.is_systematically_absent(row):
            again[tuple(row)] = again[tuple(-i for i in row)] = float(f)
    assert again == values
    expected(name, "FP", values)


def monoclinic():
    """C 1 2 1: mean intensities, some negative; missing values are -999, as VALM says."""
    name = "c2.mtz"
    cell, group, hkl, random = table("C 1 2 1", (31.0, 12.5, 18.75, 90, 112.5, 90), 2.7, 2)
    n = len(hkl)
    intensities = random.gamma(1.0, 300.0, n) - 20.0
    missing = random.random(n) < 0.08
    intensities[missing] = NAN
    write(name, cell, group, hkl, [
        ("I", "J", intensities),
        ("SIGI", "Q", random.uniform(0.5, 20.0, n)),
    ], "Mean intensities")
    expected(name, "I", expand(name, "I", intensity=True))
    intensities[missing] = -999.0
    write(name, cell, group, hkl, [("I", "J", intensities), ("SIGI", "Q", np.full(n, 3.0))], "Mean intensities")
    data = open(name, "rb").read()
    assert data.count(b"VALM NAN    ") == 1
    open(name, "wb").write(data.replace(b"VALM NAN    ", b"VALM -999.00"))


def orthorhombic():
    """I 2 2 2: anomalous pairs of both kinds, some with one or both missing; F(+) = F(-) where centric."""
    name = "i222.mtz"
    cell, group, hkl, random = table("I 2 2 2", (19.0, 22.0, 27.5, 90, 90, 90), 3.2, 3)
    n = len(hkl)
    centric = np.array([group.operations().is_reflection_centric(row) for row in hkl.tolist()])
    columns = []
    for label, kind, sigma in [("F", "G", "L"), ("I", "K", "M")]:
        plus = random.gamma(2.0, 50.0, n)
        minus = np.where(centric, plus, plus * random.uniform(0.9, 1.1, n))
        gone = random.integers(0, 12, n)
        plus[(gone == 0) | (gone == 1)] = NAN
        minus[(gone == 0) | (gone == 2)] = NAN
        for sign, values in [("(+)", plus), ("(-)", minus)]:
            columns.append((label + sign, kind, values))
            columns.append(("SIG" + label + sign, sigma, random.uniform(0.5, 2.0, n)))
    write(name, cell, group, hkl, columns, "Anomalous pairs")
    expected(name, "F", expand(name, "F(+)", "F(-)"))
    expected(name, "I", expand(name, "I(+)", "I(-)", intensity=True))


def big_endian(name, swapped):
    """The same file as a big-endian machine writes it: header place, stamp and table turned round."""
    data = open(name, "rb").read()
    word, = struct.unpack("<i", data[4:8])
    header = 4 * (word - 1)
    numbers = np.frombuffer(data[80:header], "<f4").astype(">f4").tobytes()
    stamp = bytes([0x11, 0x11, 0, 0])
    open(swapped, "wb").write(data[:4] + struct.pack(">i", word) + stamp + data[12:80] + numbers + data[header:])
    one, other = gemmi.read_mtz_file(name), gemmi.read_mtz_file(swapped)
    assert np.array_equal(one.array, other.array, equal_nan=True)


tetragonal()
monoclinic()
orthorhombic()
big_endian("i222.mtz", "i222_big_endian.mtz")
