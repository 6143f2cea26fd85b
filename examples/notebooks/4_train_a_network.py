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
    bragg.Crystal(cell=[67, 72, 58], misset=[11, 23, 47], n_cells=7, extent="50 um", shape="gauss", structure_factors={"default": 100}),
    bragg.Beam(wavelength=1.0, flux=1e12, exposure=0.1, size="50 um"),
    bragg.Detector(distance=110, pixels=[48, 48], pixel_size=0.4, beam_center=[-8, -8]),
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
forked = "fork" in multiprocessing.get_all_start_methods()
loader = torch.utils.data.DataLoader(
    Stills(0, 2000), batch_size=50, num_workers=2 if forked else 0, multiprocessing_context="fork" if forked else None
)
training = list(loader)
tests = [torch.stack(column) for column in zip(*[Stills(10_000, 300)[i] for i in range(300)])]

# %% [markdown]
# Pixels enter as what they differ by from the mean image, in units of its spread. The rate of learning rises, and falls to nothing.

# %%
EPOCHS = 20
images = torch.cat([images for images, _ in training])
mean, spread = images.mean(0), images.std()
network = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(48 * 48, 64), torch.nn.GELU(), torch.nn.Linear(64, 2))
optimiser = torch.optim.AdamW(network.parameters(), weight_decay=0.1)
schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, max_lr=1e-3, total_steps=EPOCHS * len(training))


def error(images, angles):
    """Root mean square over both angles (degrees)."""
    with torch.no_grad():
        return float((network((images - mean) / spread) - angles).pow(2).mean().sqrt()) * RANGE


unseen, seen = [error(*tests)], [error(*training[0])]
for _ in range(EPOCHS):
    for images, angles in training:
        optimiser.zero_grad()
        loss = ((network((images - mean) / spread) - angles) ** 2).mean()
        loss.backward()
        optimiser.step()
        schedule.step()
    unseen.append(error(*tests))
    seen.append(np.mean([error(*batch) for batch in training]))
before = float(tests[1].pow(2).mean().sqrt()) * RANGE
print(f"unseen stills: {unseen[-1]:.4f} degrees off; saying 0 is {before:.4f} degrees off")

# %%
figure, axes = plt.subplots(1, 3, figsize=(13, 4), layout="constrained")
image = tests[0][0]
shown = axes[0].imshow(image**2, cmap="gray_r", vmax=np.percentile(image**2, 98))
figure.colorbar(shown, ax=axes[0], label="counts", extend="max")
x, y = RANGE * tests[1][0].numpy()
axes[0].set(title=f"A still, turned by {x:+.3f}° and {y:+.3f}°".replace("-", "−"), xlabel="fast (pixels)", ylabel="slow (pixels)")
axes[1].semilogy(seen, color="tab:grey", label="stills it is trained with")
axes[1].semilogy(unseen, color="tab:blue", label="stills that it has not seen")
axes[1].axhline(before, color="black", linestyle=":")
axes[1].text(EPOCHS, before * 1.04, "saying 0", ha="right", va="bottom")
axes[1].set(title="The network learns", xlabel="epoch", ylabel="error (degrees)")
axes[1].legend(loc="center right")
with torch.no_grad():
    said = RANGE * network((tests[0] - mean) / spread).numpy()
for axis, color in zip((0, 1), ("tab:blue", "tab:orange")):
    axes[2].plot(RANGE * tests[1][:, axis], said[:, axis], ".", color=color, markersize=4, label=f"about {'xy'[axis]}")
axes[2].plot([-RANGE, RANGE], [-RANGE, RANGE], color="black", linewidth=0.8)
axes[2].set(title=f"It says the turn to {unseen[-1]:.3f}°", xlabel="truth (degrees)", ylabel="network (degrees)", aspect="equal")
axes[2].legend()
figure.savefig("network.png", dpi=150)

assert unseen[-1] < 0.2 * before
