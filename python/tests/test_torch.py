"""PyTorch: derivatives against differences, types, batches, modules, workers, and what is refused."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pytest

import bragg

torch = pytest.importorskip("torch")
if sys.platform == "linux":
    torch.set_num_threads(1)

from bragg.torch import Simulator, simulate  # noqa: E402

NAMES = (
    "crystal.cell.a crystal.cell.b crystal.cell.c crystal.cell.alpha crystal.cell.beta crystal.cell.gamma "
    "crystal.orientation.x crystal.orientation.y crystal.orientation.z crystal.n_cells.a crystal.scale "
    "beam.wavelength detector.distance detector.rotation.x"
).split()
# Changes of the parameters, in their units, that change the image alike.
SIZES = [0.05, 0.05, 0.05, 0.05, 0.05, 0.05, 0.02, 0.02, 0.02, 0.2, 0.1, 0.001, 0.1, 0.05]


@pytest.fixture
def small(scene: bragg.Experiment) -> bragg.Experiment:
    return scene.replace(**{"detector.pixels": [9, 8], "detector.pixel_size": 3.0, "detector.beam_center": [-1.5, -2.5]})


def test_gradcheck_in_double_precision(small: bragg.Experiment) -> None:
    assert len(NAMES) >= 12
    known = small.parameters()
    start = torch.tensor([known[name].value for name in NAMES], dtype=torch.float64)
    size = torch.tensor(SIZES, dtype=torch.float64)
    # somewhere else, so that rotations are not small
    start = start + 8 * size
    scale = float(small.simulate().max())

    def image(steps: Any) -> Any:
        values = start + size * steps
        return simulate(small, dict(zip(NAMES, values))) / scale

    steps = torch.zeros(len(NAMES), dtype=torch.float64, requires_grad=True)
    assert image(steps).abs().max() > 0.05
    assert torch.autograd.gradcheck(image, (steps,), eps=1e-4, atol=2e-5, rtol=1e-4)


def test_the_image_is_that_of_the_experiment(still: bragg.Experiment) -> None:
    for dtype, kind in ((torch.float32, np.float32), (torch.float64, np.float64)):
        scale = torch.tensor(1.0, dtype=dtype)
        image = simulate(still, {"crystal.scale": scale})
        assert image.dtype == dtype and np.array_equal(image.numpy(), still.simulate(dtype=kind))
    turned = simulate(still, {"crystal.orientation.x": torch.tensor(2.0)})
    expected = still.shift({"crystal.orientation.x": 2.0}).simulate()
    assert np.array_equal(turned.numpy(), expected) and not np.array_equal(expected, still.simulate())


def test_values_may_be_numbers_and_names_in_any_spelling(scene: bragg.Experiment) -> None:
    expected = scene.shift({"crystal.scale": 2.1, "crystal.orientation.x": 0.1}).simulate(dtype=np.float64)
    turn = torch.tensor(0.1, dtype=torch.float64)
    assert np.array_equal(simulate(scene, {"crystal.scale": 2.1, " crystal.orientation.x": turn}), expected)
    assert np.array_equal(simulate(scene, {"scale": 2.1, "crystal.orientation.x": 0.1}, dtype=torch.float64), expected)
    assert simulate(scene, {"crystal.scale": 2.1}).dtype == torch.float32
    module = Simulator(scene, {" crystal.scale": 2.1}, fixed={"crystal.orientation.x": 0.1})
    assert np.array_equal(module().detach(), expected) and list(module.values()) == ["crystal.scale", "crystal.orientation.x"]
    with pytest.raises(ValueError, match="twice"):
        simulate(scene, {"crystal.scale": 2.0, " crystal.scale": 1.0})


def test_single_precision_has_derivatives_in_double(scene: bragg.Experiment) -> None:
    weights = np.random.default_rng(3).normal(size=scene.shape).astype(np.float32)
    value = torch.tensor(3.5, dtype=torch.float32, requires_grad=True)
    image = simulate(scene, {"crystal.orientation.z": value})
    assert image.dtype == torch.float32
    (image * torch.from_numpy(weights)).sum().backward()
    expected = scene.gradient(weights, values={"crystal.orientation.z": 3.5})["crystal.orientation.z"]
    assert value.grad is not None and value.grad.dtype == torch.float32
    assert float(value.grad) == pytest.approx(expected, rel=1e-6) and abs(expected) > 1


def test_batches_of_values_and_of_experiments(scene: bragg.Experiment) -> None:
    angles = torch.tensor([0.0, 0.5, 2.0], dtype=torch.float64, requires_grad=True)
    distance = torch.tensor(91.0, dtype=torch.float64, requires_grad=True)
    images = simulate(scene, {"crystal.orientation.x": angles, "detector.distance": distance})
    assert images.shape == (3, *scene.shape)
    weights = torch.from_numpy(np.random.default_rng(5).normal(size=images.shape))
    (images * weights).sum().backward()
    total = 0.0
    for i, angle in enumerate((0.0, 0.5, 2.0)):
        at = {"crystal.orientation.x": angle, "detector.distance": 91.0}
        assert np.array_equal(images[i].detach().numpy(), scene.shift(at).simulate(dtype=np.float64))
        found = scene.gradient(weights[i].numpy(), values=at)
        assert angles.grad is not None
        assert float(angles.grad[i]) == pytest.approx(found["crystal.orientation.x"], rel=1e-9)
        total += found["detector.distance"]
    assert distance.grad is not None and float(distance.grad) == pytest.approx(total, rel=1e-9)
    others = [scene, scene.shift({"crystal.scale": 3.0})]
    pair = simulate(others, {"detector.distance": torch.tensor(90.5)})
    assert pair.shape == (2, *scene.shape)
    assert np.array_equal(pair[1].numpy(), others[1].shift({"detector.distance": 90.5}).simulate())
    with pytest.raises(ValueError, match="of one batch"):
        simulate(others, {"detector.distance": torch.zeros(3)})


def test_amplitudes_can_be_learnt() -> None:
    indices = np.array([[h, k, l] for h in range(-31, 40) for k in (-2, -1, 0, 1) for l in (-2, -1, 0)])
    amplitudes = 60 + 50 * np.cos(indices @ np.array([1.0, 1.7, 2.3]))
    exp = bragg.Experiment(
        bragg.Crystal(
            cell=[100, 30, 25],
            misset=[3, 5, 7],
            n_cells=5,
            structure_factors=bragg.StructureFactors.from_arrays(indices, amplitudes),
        ),
        bragg.Beam(wavelength=0.9, fluence=1e26),
        bragg.Detector(distance=100, pixels=[16, 16], pixel_size=2.0, beam_center=[1, 1]),
        sampling={"oversample": 2},
    )
    model = Simulator(exp, "crystal.cell.a", amplitudes=True)
    image = model()
    assert np.array_equal(image.detach().numpy(), exp.simulate(dtype=np.float64)) and image.max() > 1
    image.square().sum().backward()
    assert model.amplitudes is not None and model.amplitudes.grad is not None
    gradient = model.amplitudes.grad.numpy()
    found, expected = exp.gradient(2 * image.detach().numpy(), "crystal.cell.a", amplitudes=True)
    assert np.allclose(gradient, expected, rtol=1e-12) and np.count_nonzero(gradient) > 20
    i = int(np.argmax(np.abs(gradient)))

    def loss(by: float) -> float:
        moved = torch.tensor(amplitudes)
        moved[i] += by
        return float(simulate(exp, {}, amplitudes=moved).square().sum())

    h = 1e-3
    difference = (8 * (loss(h) - loss(-h)) - (loss(2 * h) - loss(-2 * h))) / (12 * h)
    assert gradient[i] == pytest.approx(difference, rel=1e-6)
    assert found["crystal.cell.a"] != 0


def test_a_module_has_the_names_of_the_experiment(still: bragg.Experiment) -> None:
    model = Simulator(still, "cell,orientation", fixed={"crystal.scale": 2.0})
    names = [name for name, _ in model.named_parameters()]
    assert names == [*still.gradient_names("cell,orientation")]
    assert [name for name, _ in model.named_buffers()] == ["crystal.scale"]
    assert float(model.get_parameter("crystal.cell.b")) == pytest.approx(79.0)
    with torch.no_grad():
        image = model()
    assert not image.requires_grad
    expected = still.shift({"crystal.scale": 2.0}).simulate(dtype=np.float64)
    assert np.allclose(image.numpy(), expected, rtol=1e-12)
    state = model.state_dict()
    assert set(state) == {*names, "crystal.scale"}
    state["crystal.cell.b"] = torch.tensor(80.0)
    model.load_state_dict(state)
    assert model.experiment().cell[1] == pytest.approx(80.0)
    assert "crystal.cell.b" in repr(model)
    with pytest.raises(ValueError, match="moves equal numbers together"):
        Simulator(still, "crystal.cell.a_b")


def test_an_optimiser_finds_the_way_back(still: bragg.Experiment) -> None:
    exp = still.replace(**{"crystal.shape": "gauss", "crystal.n_cells": 8, "beam.fluence": 1e30, "detector.pixel_size": 0.1})
    exp = exp.shift({"crystal.orientation.x": 8.0})
    target = torch.from_numpy(exp.simulate(dtype=np.float64))
    model = Simulator(exp, {"crystal.orientation.x": 0.05, "crystal.orientation.y": -0.03})
    assert target.max() > 10
    optimiser = torch.optim.Adam(model.parameters(), lr=0.01)
    losses = []
    for _ in range(60):
        optimiser.zero_grad()
        loss = (model() - target).square().sum() / target.square().sum()
        loss.backward()
        optimiser.step()
        losses.append(float(loss))
    assert losses[-1] < 1e-3 * losses[0]
    assert abs(float(model.get_parameter("crystal.orientation.x"))) < 0.003


def test_what_is_not_supported_is_refused(small: bragg.Experiment) -> None:
    value = torch.tensor(1.0, dtype=torch.float64, requires_grad=True)
    image = simulate(small, {"crystal.scale": value})
    (first,) = torch.autograd.grad(image.square().sum(), value, create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        first.backward()
    with pytest.raises(NotImplementedError, match="vmap is not supported"):
        torch.func.vmap(lambda x: simulate(small, {"crystal.scale": x}))(torch.ones(3))
    with pytest.raises(ValueError, match="the nearest is"):
        simulate(small, {"crystal.cel.a": value})
    # one value is not that of six parameters
    with pytest.raises(ValueError, match="cell: stands for"):
        simulate(small, {"cell": value})
    for params, fixed, words in (
        ({"cell": 3.0}, {}, "cell: stands for"),
        ("scale", {"cell": 3.0}, "cell: stands for"),
        ("scale", {"crystal.cell.a": 3.0, " crystal.cell.a": 3.0}, "fixed: names crystal.cell.a twice"),
        ("scale", {"crystal.scale": 3.0}, "to be learnt"),
    ):
        with pytest.raises(ValueError, match=words):
            Simulator(small, params, fixed=fixed)
    tophat = small.replace(**{"crystal.shape": "tophat"})
    with pytest.raises(ValueError, match="tophat"):
        simulate(tophat, {"crystal.scale": value})
    assert simulate(tophat, {"crystal.scale": value.detach()}).shape == tophat.shape


class Stills:
    """Images of one experiment in several orientations."""

    def __init__(self, exp: bragg.Experiment) -> None:
        self.exp = exp

    def __len__(self) -> int:
        return 6

    def __getitem__(self, i: int) -> Any:
        return simulate(self.exp, {"crystal.orientation.y": torch.tensor(0.3 * i)}), i


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_workers_of_a_data_loader(still: bragg.Experiment, method: str) -> None:
    if method == "fork" and sys.platform != "linux":
        pytest.skip("processes are not forked here")
    # threads are there before the fork
    large = still.replace(**{"sampling.oversample": 4, "detector.pixels": [300, 300]})
    assert large.simulate(2).any()
    # a spawned worker takes long to import PyTorch
    n_workers = 2 if method == "fork" else 1
    stills: Any = Stills(still)
    loader = torch.utils.data.DataLoader(
        stills, batch_size=3, num_workers=n_workers, multiprocessing_context=method
    )
    batches = list(loader)
    assert [numbers.tolist() for _, numbers in batches] == [[0, 1, 2], [3, 4, 5]]
    expected = still.shift({"crystal.orientation.y": float(np.float32(1.5))}).simulate()
    assert np.array_equal(batches[1][0][2].numpy(), expected)


def test_nothing_is_imported_before_it_is_used() -> None:
    code = "import sys, bragg; assert not {'torch', 'jax', 'scipy'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
