# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown]
# # How much does an image say?
#
# Photons are counted with Poisson noise, so that pixels with mean μ have the Fisher information JᵀJ/μ on the parameters, J = ∂μ/∂p. Its
# inverse bounds the variances of any estimate (Cramér and Rao). No noise need be drawn for it.

# %%
import matplotlib.pyplot as plt
import numpy as np

import bragg

NAMES = ["crystal.cell.a_b", "crystal.cell.c", "crystal.orientation.x", "crystal.orientation.y", "crystal.orientation.z", "crystal.scale"]
still = bragg.Experiment(
    bragg.Crystal(
        cell=[78, 78, 38], misset=[10, 20, 30], extent="10 um", n_cells=[10, 10, 20], shape="gauss", structure_factors={"default": 50}
    ),
    bragg.Beam(wavelength=1.0, flux=1e12, exposure=0.1, size="10 um"),
    bragg.Detector(distance=400, pixels=[300, 300], pixel_size=0.3),
)
BACKGROUND = 0.05  # photons a pixel where the crystal scatters N_PHOTONS
N_PHOTONS = 3000


def information(photons, jacobian, factor):
    """The information where crystal and background scatter `factor` times as much."""
    j = jacobian.reshape(len(NAMES), -1)
    return factor * (j / (photons + BACKGROUND).ravel()) @ j.T


def still_of(n):
    """The crystal with blocks of n cells along a and b, exposed until its image has N_PHOTONS."""
    exp = still.replace(**{"crystal.n_cells": [n, n, 2 * n]})
    exposure = exp["beam.exposure"] * float(N_PHOTONS / exp.simulate().sum())
    return exp.replace(**{"beam.exposure": exposure})


# %% [markdown]
# A crystal of 10 µm that consists of larger or smaller mosaic blocks, as many photons from each: the spots of large blocks are sharp.
# The exposure for so many hardly depends on the blocks: photons are those of all cells in the beam.

# %%
sizes = np.array([5, 7, 10, 14, 20, 28, 40])
factors = np.array([1, 10, 100])
table = np.empty((len(sizes), len(factors), len(NAMES)))
for i, n in enumerate(sizes.tolist()):
    exp = still_of(n)
    photons, jacobian = exp.value_and_jacobian(NAMES)
    print(f"{exp['crystal.n_blocks']:9.2e} blocks of {n:2} × {n:2} × {2 * n:2} cells: {exp['beam.exposure']:.3f} s")
    table[i] = [np.sqrt(np.diag(np.linalg.inv(information(photons, jacobian, factor)))) for factor in factors]

# %% [markdown]
# How the parameters hang together is in the same matrix.

# %%
covariance = np.linalg.inv(information(*still_of(10).value_and_jacobian(NAMES), 1))
sigma = np.sqrt(np.diag(covariance))
correlation = covariance / np.outer(sigma, sigma)
for name, value, row in zip(NAMES, sigma, correlation):
    print(f"{name:24} σ = {value:9.2e}   " + " ".join(f"{r:6.2f}" for r in row))

# %% [markdown]
# Ten times the photons say the cell √10 times as well. As many photons in sharper spots do better still, though less so where a spot
# is narrower than a pixel.

# %%
figure, axes = plt.subplots(1, 2, figsize=(11, 4.4), layout="constrained", width_ratios=(1.25, 1))
edges = sizes * 78 / 1e4  # µm
for factor, color, rows in zip(factors, plt.get_cmap("viridis")([0.0, 0.45, 0.8]), table.transpose(1, 0, 2)):
    axes[0].loglog(edges, rows[:, 0], "o-", color=color, markersize=4)
    count = f"{factor * N_PHOTONS:,} photons".replace(",", "\u2009")
    axes[0].text(edges[-1] * 1.08, rows[-1, 0], count, color=color, va="center", fontweight="bold")
within = 400 * 1.0 / 0.3 / 1e4  # µm: λ·distance/edge is a pixel
axes[0].axvline(within, color="grey", linestyle=":")
axes[0].text(within, 0.98, " spots within a pixel", transform=axes[0].get_xaxis_transform(), va="top", color="grey")
axes[0].set(
    title="How well a still says the edge a",
    xlabel="edge of a mosaic block (µm)",
    ylabel="σ of a (Å)",
    xticks=edges,
    xticklabels=[f"{edge:.2f}" for edge in edges],
    xlim=(edges[0] / 1.2, edges[-1] * 2.6),
)
axes[0].minorticks_off()
axes[0].grid(alpha=0.3)
labels = ["a = b", "c", "turn x", "turn y", "turn z", "scale"]
shown = axes[1].imshow(correlation, cmap="RdBu_r", vmin=-1, vmax=1)
for (i, k), value in np.ndenumerate(correlation):
    axes[1].text(k, i, f"{round(value, 2) + 0.0:.2f}".replace("-", "−"), ha="center", va="center", color="white" if abs(value) > 0.6 else "black")
axes[1].set(title="What a still cannot tell apart", xticks=range(6), yticks=range(6), xticklabels=labels, yticklabels=labels)
figure.colorbar(shown, ax=axes[1], label="correlation")
figure.savefig("information.png", dpi=150)

assert np.allclose(table[:, 0] / table[:, -1], np.sqrt(factors[-1] / factors[0]))
assert np.all(np.isfinite(table)) and np.all(np.diff(table[:4, 0, 0]) < 0)
