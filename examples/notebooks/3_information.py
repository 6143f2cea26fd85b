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
oscillations = np.array([0.05, 0.1, 0.2, 0.4, 0.8])
fluxes = np.logspace(0, 4, 9)
table = np.empty((len(oscillations), len(fluxes), len(NAMES)))
for i, oscillation in enumerate(oscillations):
    exp = still.replace(**{"scan.range": oscillation, "scan.steps": 12})
    photons, jacobian = exp.value_and_jacobian(NAMES)
    table[i] = [uncertainties(photons, jacobian, flux) for flux in fluxes]

# %%
figure, axes = plt.subplots(1, 2, figsize=(9, 3.8), layout="constrained")
for axis, i_name, unit in ((axes[0], 0, "Å"), (axes[1], 4, "deg")):
    for oscillation, row in zip(oscillations, table):
        axis.loglog(fluxes, row[:, i_name], label=f"{oscillation:g}°")
    axis.set(xlabel="flux (relative)", ylabel=f"σ of {NAMES[i_name]} ({unit})")
axes[0].legend(title="oscillation")
figure.savefig("information.png", dpi=150)

# %% [markdown]
# Four times the photons halve every σ. How the parameters hang together is in the same matrix.

# %%
photons, jacobian = still.value_and_jacobian(NAMES)
j = jacobian.reshape(len(NAMES), -1)
covariance = np.linalg.inv((j / (photons + BACKGROUND).ravel()) @ j.T)
sigma = np.sqrt(np.diag(covariance))
correlation = covariance / np.outer(sigma, sigma)
for name, value, row in zip(NAMES, sigma, correlation):
    print(f"{name:24} σ = {value:9.2e}   " + " ".join(f"{r:6.2f}" for r in row))

assert np.allclose(table[:, 0] / table[:, -1], np.sqrt(fluxes[-1] / fluxes[0]))
assert np.all(np.isfinite(table)) and np.all(table > 0)
