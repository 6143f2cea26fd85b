# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown]
# # Cell and orientation with PyTorch
#
# An experiment is a module whose parameters have the experiment's names. Its image carries gradients, so that any optimiser and any loss will do.

# %%
import matplotlib.pyplot as plt
import numpy as np
import torch

import bragg
from bragg.torch import Simulator

truth = bragg.Experiment(
    bragg.Crystal(cell=[67, 72, 58], misset=[11, 23, 47], n_cells=10, extent="50 um", shape="gauss", structure_factors={"default": 100}),
    bragg.Beam(wavelength=1.0, flux=1e12, exposure=0.1, size="50 um"),
    bragg.Detector(distance=110, pixels=[256, 256], pixel_size=0.172),
)
data = torch.from_numpy(bragg.noise(truth.simulate(), seed=1).astype(float))

# %% [markdown]
# It starts a tenth of a degree and about a thousandth of each edge away.

# %%
start = truth.shift(
    {"crystal.cell.a": 67.06, "crystal.cell.b": 71.94, "crystal.cell.c": 58.05, "crystal.orientation.x": 0.08, "crystal.orientation.z": -0.06}
)
model = Simulator(start, "cell,orientation")
print(model)

# %% [markdown]
# Counts are nearly as their square roots would have them, all with the same noise. A step of Adam is as long in Å as in degrees.

# %%
optimiser = torch.optim.Adam(model.parameters(), lr=0.01)
schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, 80)
losses, errors = [], []
for _ in range(80):
    optimiser.zero_grad()
    loss = 2 * ((torch.sqrt(model() + 0.375) - torch.sqrt(data + 0.375)) ** 2).sum()
    loss.backward()
    optimiser.step()
    schedule.step()
    losses.append(loss.item() / data.numel())
    cell = [model.get_parameter(f"crystal.cell.{edge}").item() for edge in "abc"]
    errors.append(np.abs(np.subtract(cell, truth.cell[:3])))
print(f"edges are {np.max(errors[-1]):.4f} Å off, from {np.max(errors[0]):.4f} Å")

# %%
figure, axes = plt.subplots(1, 2, figsize=(9, 3.5), layout="constrained")
axes[0].semilogy(losses)
axes[0].set(xlabel="step", ylabel="loss per pixel")
axes[1].semilogy(np.array(errors), label=["a", "b", "c"])
axes[1].set(xlabel="step", ylabel="error of an edge (Å)")
axes[1].legend()
figure.savefig("refine_with_torch.png", dpi=150)

# %% [markdown]
# bragg's own refinement knows the second derivatives, too: it takes a handful of steps, and says how well each value is known.

# %%
found = start.refine(data.numpy().astype(np.int32), "cell,orientation", loss="square-root")
print(found)

assert losses[-1] < 0.1 * losses[0] and np.max(errors[-1]) < 0.4 * np.max(errors[0])
assert all(abs(found.values[f"crystal.cell.{e}"] - t) < 5 * found.esds[f"crystal.cell.{e}"] for e, t in zip("abc", truth.cell))
