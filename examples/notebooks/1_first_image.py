# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown]
# # A first image from an entry of the Protein Data Bank
#
# 1A8O, the C-terminal domain of HIV-1 capsid, from its coordinates to a counted image. Structure factors are calculated from the atoms and the
# bulk solvent between them.

# %%
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import LogNorm, PowerNorm
from matplotlib.patches import Rectangle

import bragg

# the file lies in examples/, whichever folder this runs in
here = Path(__file__).resolve().parent if "__file__" in globals() else Path.cwd()
crystal = next(path for folder in (here, *here.parents) for path in (folder / "1a8o.pdb", folder / "examples/1a8o.pdb") if path.exists())

exp = bragg.Experiment.from_crystal(
    crystal,
    {
        "detector.pixels": [500, 500],
        "detector.pixel_size": "172 um",
        "detector.distance": 70,
        "crystal.misset": [10, 20, 30],
        "crystal.n_cells": [10, 10, 5],  # small mosaic blocks, whose spots need few samples a pixel
    },
)
exp

# %% [markdown]
# Everything that an image depends on has a name. Nothing was asked for by name but a few values; where the others came from is known, too.

# %%
for name in ("crystal.n_cells", "crystal.structure_factors.d_min", "beam.wavelength", "detector.pixel_size", "sampling.oversample"):
    print(f"{name:34} {exp[name]!s:22} {exp.origin(name)}")
print("cell", exp.cell)

# %% [markdown]
# Photons are on an absolute scale. A detector counts them.

# %%
photons = exp.simulate()
counts = bragg.noise(photons, seed=1)
print(f"{photons.sum():.3e} photons expected, at most {photons.max():.0f} in a pixel")

# %%
figure, axes = plt.subplots(1, 2, figsize=(11, 4.8), layout="constrained")
whole = axes[0].imshow(counts, cmap="gray_r", norm=PowerNorm(0.5, vmin=0, vmax=np.percentile(counts, 99.8)))
figure.colorbar(whole, ax=axes[0], label="counts", extend="max", shrink=0.8)
# Bragg's law: a ring of spacing d is where tan 2θ of the distance is
for d in (6.0, 3.0, 2.0):
    radius = exp["detector.distance"] * np.tan(2 * np.arcsin(exp["beam.wavelength"] / (2 * d))) / exp["detector.pixel_size"]
    axes[0].add_patch(plt.Circle((250, 250), radius, fill=False, color="tab:blue", linewidth=0.8))
    axes[0].text(250, 250 - radius, f"{d:g} Å", color="tab:blue", ha="center", va="bottom", clip_on=True)
axes[0].set(title="Half a degree of 1A8O, counted", xlabel="fast (pixels)", ylabel="slow (pixels)", xlim=(0, 500), ylim=(500, 0))

row, column = np.unravel_index(np.argmax(photons), photons.shape)
edges = (column - 12.5, column + 12.5, row + 12.5, row - 12.5)  # left, right, bottom, top
near = axes[1].imshow(photons, cmap="viridis", norm=LogNorm(vmin=0.7 * np.median(photons), vmax=photons.max()))
figure.colorbar(near, ax=axes[1], label="photons expected in a pixel", shrink=0.8)
axes[1].set(title="Around its brightest spot, before counting", xlabel="fast (pixels)", xlim=edges[:2], ylim=edges[2:])
axes[0].add_patch(Rectangle((edges[0], edges[3]), 25, 25, fill=False, color="tab:red"))
for spine in axes[1].spines.values():
    spine.set(color="tab:red", linewidth=2)
figure.savefig("first_image.png", dpi=150)

# %% [markdown]
# The same crystal further away is another experiment, for which the structure factors need not be read again where they reach as far.

# %%
for distance in (70, 140):
    image = exp.replace(**{"detector.distance": distance}).simulate()
    print(f"at {distance} mm {np.count_nonzero(image > 1000)} pixels have more than a thousand photons")

bragg.write("1a8o.cbf", counts, exp)
assert photons.max() > 10 and counts.max() > 10
