"""Makes lysozyme.mtz: amplitudes as a crystal of tetragonal lysozyme might have, not those of any measurement.

    python make_lysozyme.py

The cell and space group are those of hen egg-white lysozyme; intensities follow Wilson's statistics for its atoms, with a
temperature factor and the bumps that proteins have over resolution. Needs numpy and gemmi.
"""

import pathlib

import gemmi
import numpy as np

CELL = gemmi.UnitCell(79.0, 79.0, 38.0, 90, 90, 90)
SPACE_GROUP = gemmi.SpaceGroup("P 43 21 2")
D_MIN = 1.5  # Å
B_FACTOR = 18.0  # Å²
# atoms of one molecule without hydrogen, and ordered water
ATOMS = {"C": 613, "N": 193, "O": 185 + 140, "S": 10}
MOLECULES = 8

# Mean intensity relative to randomly placed atoms over 1/d² (1/Å²): little in the lowest orders, where solvent cancels the
# protein, a trough near 6 Å between the lengths of helices and peptides, a peak near 4.5 Å (after Popov and Bourenkov, Acta
# Cryst. D59 (2003) 1145).
SHAPE = np.array([[0.0, 0.2], [0.004, 0.7], [0.012, 1.1], [0.028, 0.55], [0.05, 1.6], [0.08, 1.0], [0.12, 0.9], [0.2, 1.05], [0.3, 1.0], [1, 1]])


def main():
    random = np.random.default_rng(1965)
    hkl = gemmi.make_miller_array(CELL, SPACE_GROUP, D_MIN)
    inverse_d_squared = np.array([CELL.calculate_1_d2(list(index)) for index in hkl.tolist()])
    stol2 = inverse_d_squared / 4
    sum_f2 = sum(n * np.array([gemmi.Element(name).it92.calculate_sf(s) ** 2 for s in stol2]) for name, n in ATOMS.items())
    operations = SPACE_GROUP.operations()
    epsilon = np.array([operations.epsilon_factor(list(index)) for index in hkl.tolist()])
    centric = np.array([operations.is_reflection_centric(list(index)) for index in hkl.tolist()])
    shape = np.interp(inverse_d_squared, *SHAPE.T)
    mean_intensity = MOLECULES * epsilon * sum_f2 * shape * np.exp(-2 * B_FACTOR * stol2)
    # intensities of centric reflections follow chi-squared with one degree of freedom, of the others with two
    relative = np.where(centric, random.chisquare(1, len(hkl)), random.chisquare(2, len(hkl)) / 2)
    amplitude = np.sqrt(mean_intensity * relative)

    mtz = gemmi.Mtz(with_base=True)
    mtz.title = "Made-up amplitudes of the cell of tetragonal lysozyme (Wilson statistics)"
    mtz.history = []
    mtz.spacegroup = SPACE_GROUP
    mtz.set_cell_for_all(CELL)
    mtz.add_dataset("made-up")
    mtz.add_column("F", "F")
    mtz.set_data(np.column_stack([hkl, amplitude]).astype(np.float32))
    mtz.write_to_file(str(pathlib.Path(__file__).with_name("lysozyme.mtz")))
    print(f"{len(hkl)} reflections, mean F {amplitude.mean():.1f}, largest {amplitude.max():.0f}")


if __name__ == "__main__":
    main()
