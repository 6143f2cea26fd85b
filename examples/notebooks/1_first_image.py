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
import matplotlib.pyplot as plt
import numpy as np

import bragg

exp = bragg.Experiment.from_crystal(
    "../1a8o.pdb",
    {"detector.pixels": [500, 500], "detector.pixel_size": "172 um", "detector.distance": 70, "crystal.misset": [10, 20, 30]},
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
# without the direct beam, which nothing stops here
slow, fast = np.indices(photons.shape)
diffracted = np.where(np.hypot(slow - 250, fast - 250) > 20, photons, 0)
print(f"{diffracted.sum():.3e} photons expected, at most {diffracted.max():.0f} in a pixel")

# %%
figure, axes = plt.subplots(1, 2, figsize=(9, 5), layout="constrained")
axes[0].imshow(counts, cmap="gray_r", vmax=np.percentile(counts, 99.5))
axes[0].set(title="counts", xlabel="fast (pixels)", ylabel="slow (pixels)")
bright = np.unravel_index(np.argmax(diffracted), photons.shape)
near = tuple(slice(max(0, i - 12), i + 13) for i in bright)
axes[1].imshow(np.log10(photons[near] + 1e-3), cmap="viridis")
axes[1].set(title="log10(photons) about the brightest spot")
figure.savefig("first_image.png", dpi=150)

# %% [markdown]
# The same crystal further away is another experiment, for which the structure factors need not be read again where they reach as far.

# %%
for distance in (70, 140):
    image = exp.replace(**{"detector.distance": distance}).simulate()
    print(f"at {distance} mm {np.count_nonzero(image > 1000)} pixels have more than a thousand photons")

bragg.write("1a8o.cbf", counts, exp)
assert diffracted.max() > 10 and counts.max() > 10
