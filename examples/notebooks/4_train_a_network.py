# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown]
# # A network that learns from simulated images
#
# A data set of images that are made while the network is trained: workers of a DataLoader simulate stills of a crystal that is turned a
# little, and the network learns to say by how much.

# %%
import multiprocessing

import matplotlib.pyplot as plt
import numpy as np
import torch

import bragg
from bragg.torch import simulate

RANGE = 0.15  # degrees
torch.manual_seed(1)
torch.set_num_threads(1)
exp = bragg.Experiment(
    bragg.Crystal(cell=[67, 72, 58], misset=[11, 23, 47], n_cells=4, shape="gauss", structure_factors={"default": 100}),
    bragg.Beam(wavelength=1.0, fluence=3e30),
    bragg.Detector(distance=110, pixels=[32, 32], pixel_size=1.8),
    sampling={"oversample": 4},
)


class Stills(torch.utils.data.Dataset):
    """Counted stills and the rotations about x and y that they were made with (in units of RANGE)."""

    def __init__(self, first, length):
        self.first, self.length = first, length

    def __len__(self):
        return self.length

    def __getitem__(self, i):
        draw = np.random.default_rng(self.first + i)
        angles = torch.tensor(draw.uniform(-1, 1, 2), dtype=torch.float32)
        turned = {f"crystal.orientation.{axis}": angle for axis, angle in zip("xy", RANGE * angles)}
        counts = draw.poisson(simulate(exp, turned, threads=1).numpy())
        return torch.from_numpy(np.sqrt(counts).astype(np.float32)), angles


# %%
network = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(32 * 32, 64), torch.nn.GELU(), torch.nn.Linear(64, 2))
optimiser = torch.optim.AdamW(network.parameters(), lr=1e-3, weight_decay=0.1)
forked = "fork" in multiprocessing.get_all_start_methods()
loader = torch.utils.data.DataLoader(
    Stills(0, 1000), batch_size=50, num_workers=2 if forked else 0, multiprocessing_context="fork" if forked else None
)
training = list(loader)
tests = [torch.stack(column) for column in zip(*[Stills(10_000, 200)[i] for i in range(200)])]

# %%
mean = torch.cat([images for images, _ in training]).mean(0)
losses, errors = [], []
for _ in range(25):
    for images, angles in training:
        optimiser.zero_grad()
        loss = ((network(images - mean) - angles) ** 2).mean()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    with torch.no_grad():
        errors.append(float((network(tests[0] - mean) - tests[1]).pow(2).mean().sqrt()) * RANGE)
before = float(tests[1].pow(2).mean().sqrt()) * RANGE
print(f"unseen stills: {errors[-1]:.4f} degrees off; saying 0 is {before:.4f} degrees off")

# %%
figure, axis = plt.subplots(figsize=(5, 3.5), layout="constrained")
axis.semilogy(errors)
axis.axhline(before, color="grey", linestyle=":")
axis.set(xlabel="epoch", ylabel="error on unseen stills (degrees)")
figure.savefig("network.png", dpi=150)

assert errors[-1] < 0.5 * before
