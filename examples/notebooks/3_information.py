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
    bragg.Crystal(cell=[78, 78, 38], misset=[10, 20, 30], n_cells=20, shape="gauss", mosaic={"eta": 0.05}, structure_factors={"default": 50}),
    bragg.Beam(wavelength=1.0, fluence=3e29),
    bragg.Detector(distance=120, pixels=[160, 160], pixel_size=0.5),
    sampling={"oversample": 2},
)
BACKGROUND = 0.5  # photons a pixel at the lowest flux


def uncertainties(photons, jacobian, flux):
    """Standard deviations of the parameters when both crystal and background scatter `flux` times as much."""
    mean = flux * (photons + BACKGROUND)
    j = flux * jacobian.reshape(len(NAMES), -1)
    return np.sqrt(np.diag(np.linalg.inv((j / mean.ravel()) @ j.T)))


# %% [markdown]
# One Jacobian for each oscillation gives all fluxes.

# %%
oscillations = np.array([0.02, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6])
fluxes = np.array([1, 10, 100, 1000])
table = np.empty((len(oscillations), len(fluxes), len(NAMES)))
for i, oscillation in enumerate(oscillations):
    exp = still.replace(**{"scan.range": oscillation, "scan.steps": 24})
    photons, jacobian = exp.value_and_jacobian(NAMES)
    table[i] = [uncertainties(photons, jacobian, flux) for flux in fluxes]

# %% [markdown]
# How the parameters of a still hang together is in the same matrix.

# %%
photons, jacobian = still.value_and_jacobian(NAMES)
j = jacobian.reshape(len(NAMES), -1)
covariance = np.linalg.inv((j / (photons + BACKGROUND).ravel()) @ j.T)
sigma = np.sqrt(np.diag(covariance))
correlation = covariance / np.outer(sigma, sigma)
for name, value, row in zip(NAMES, sigma, correlation):
    print(f"{name:24} σ = {value:9.2e}   " + " ".join(f"{r:6.2f}" for r in row))

# %% [markdown]
# More photons help as their square root does; turning the crystal helps more, until every reflection has passed.

# %%
figure, axes = plt.subplots(1, 2, figsize=(11, 4.4), layout="constrained", width_ratios=(1.25, 1))
colors = plt.get_cmap("viridis")(np.linspace(0, 0.85, len(fluxes)))
for color, flux, rows in zip(colors, fluxes, table.transpose(1, 0, 2)):
    axes[0].loglog(oscillations, 1e3 * rows[:, 0], "o-", color=color, markersize=4)
    axes[0].text(oscillations[-1] * 1.12, 1e3 * rows[-1, 0], f"{flux:g} × photons", color=color, va="center", fontweight="bold")
for flux, color in zip(fluxes, colors):
    axes[0].axhline(1e3 * uncertainties(photons, jacobian, flux)[0], color=color, linestyle=":", linewidth=1)
axes[0].set(
    title="How well an image says the edge a",
    xlabel="oscillation (degrees); dotted: a still",
    ylabel="σ of a (10⁻³ Å)",
    xticks=oscillations,
    xticklabels=[f"{oscillation:g}" for oscillation in oscillations],
    xlim=(oscillations[0] / 1.2, oscillations[-1] * 4.5),
)
axes[0].minorticks_off()
axes[0].grid(alpha=0.3)
labels = ["a = b", "c", "turn x", "turn y", "turn z", "scale"]
shown = axes[1].imshow(correlation, cmap="RdBu_r", vmin=-1, vmax=1)
for (i, k), value in np.ndenumerate(correlation):
    axes[1].text(k, i, f"{value:.2f}".replace("-", "−"), ha="center", va="center", color="white" if abs(value) > 0.6 else "black")
axes[1].set(title="What a still cannot tell apart", xticks=range(6), yticks=range(6), xticklabels=labels, yticklabels=labels)
figure.colorbar(shown, ax=axes[1], label="correlation")
figure.savefig("information.png", dpi=150)

assert np.allclose(table[:, 0] / table[:, -1], np.sqrt(fluxes[-1] / fluxes[0]))
assert np.all(np.isfinite(table)) and np.all(table > 0)
