"""Nine parameters of a crystal (cell and orientation) from an image of 256 × 256 pixels: 80 steps of Adam through PyTorch, and bragg's own refinement.

    python refine.py [--threads N] [--steps 80]

Each method runs in a process of its own, so that its memory is its own. Prints, for each: the time of the steps, the memory above what the
imports and the experiment take, and the largest errors of edges, angles and orientation that are left.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

import bragg

FREE = "cell:triclinic,orientation"
OFF = [0.09, -0.08, 0.05, 0.06, -0.05, 0.04, 0.05, -0.06, 0.04]


def experiment() -> bragg.Experiment:
    return bragg.Experiment(
        bragg.Crystal(
            cell=[67.0, 72.0, 58.0, 90.5, 97.0, 88.5],
            misset=[11, 23, 47],
            extent="50 um",
            n_cells=12,
            shape="gauss",
            structure_factors={"default": 100.0},
        ),
        bragg.Beam(wavelength=1.0, flux=1e12, exposure=0.1, size="50 um"),
        bragg.Detector(distance=60, pixels=[256, 256], pixel_size=0.172),
    )


def with_torch(exp: bragg.Experiment, data: Any, steps: int, threads: int | None) -> tuple[Callable[[], dict[str, float]], str]:
    import torch

    from bragg.torch import simulate

    names = exp.gradient_names(FREE)
    known = exp.parameters()
    first = torch.tensor([known[name].value for name in names], dtype=torch.float64)
    target = torch.from_numpy(data)
    root = torch.sqrt(target + 0.375)
    # counted from the start: Adam's steps have the same length in all directions
    shifts = torch.zeros(len(names), dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.Adam([shifts], lr=0.01)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)

    def run() -> dict[str, float]:
        for _ in range(steps):
            optimiser.zero_grad()
            image = simulate(exp, dict(zip(names, first + shifts)), threads=threads)
            loss = ((torch.sqrt(image + 0.375) - root) ** 2).sum()
            torch.autograd.backward(loss)
            optimiser.step()
            schedule.step()
        return dict(zip(names, (first + shifts).detach().tolist()))

    return run, f"Adam, {steps} steps"


def with_refine(exp: bragg.Experiment, data: Any, threads: int | None) -> tuple[Callable[[], dict[str, float]], str]:
    counts = np.rint(data).astype(np.int32)

    def run() -> dict[str, float]:
        return exp.refine(counts, FREE, loss="square-root", threads=threads).values

    return run, "bragg's refine"


def memory() -> float:
    """The most memory that this process has had, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measure(method: str, steps: int, threads: int | None) -> dict[str, Any]:
    truth = experiment()
    names = truth.gradient_names(FREE)
    known = truth.parameters()
    true = {name: float(known[name].value or 0.0) for name in names}
    data = bragg.noise(truth.simulate(), seed=1).astype(float)
    start = truth.shift({name: true[name] + off for name, off in zip(names, OFF)})
    run, label = with_torch(start, data, steps, threads) if method == "torch" else with_refine(start, data, threads)
    before = memory()
    began = time.perf_counter()
    found = run()
    seconds = time.perf_counter() - began
    used = memory() - before
    end = start.shift(found)
    off = np.abs(np.subtract(end.cell, truth.cell))
    # rows a, b, c of the matrix that turns one crystal's axes into the other's
    axes = [np.array([one[f"crystal.real_space_{edge}"] for edge in "abc"]) for one in (end, truth.shift(true | {names[0]: true[names[0]] + 1e-12}))]
    turn = np.linalg.solve(axes[0], axes[1])
    rotation = 0.5 * np.array([turn[1, 2] - turn[2, 1], turn[2, 0] - turn[0, 2], turn[0, 1] - turn[1, 0]])
    return {
        "method": label,
        "seconds": seconds,
        "memory": used,
        "edges": float(off[:3].max()),
        "angles": float(off[3:].max()),
        "orientation": float(np.degrees(np.linalg.norm(rotation))),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int)
    parser.add_argument("--steps", type=int, default=80)
    parser.add_argument("--method", choices=["torch", "refine"], help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.method:
        print(json.dumps(measure(given.method, given.steps, given.threads)))
        return
    print(f"{'':16} {'time':>9} {'memory':>9} {'edges':>12} {'angles':>12} {'orientation':>12}")
    for method in ("torch", "refine"):
        words = [sys.executable, __file__, *sys.argv[1:], "--method", method]
        done = subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True)
        row = json.loads(done.stdout)
        print(
            f"{row['method']:16} {row['seconds']:7.2f} s {row['memory']:6.0f} MB {row['edges']:10.5f} Å {row['angles']:8.5f} deg "
            f"{row['orientation']:8.5f} deg"
        )


if __name__ == "__main__":
    main()
