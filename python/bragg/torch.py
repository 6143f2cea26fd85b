"""Images in PyTorch, with gradients.

`simulate` makes an image from tensors, `Simulator` is the same as a module. Gradients come from bragg's reverse sweep, in double
precision whatever the tensors are.

`torch.compile` leaves `simulate` out of its graph, and says so in a warning.

Not supported, and refused: second derivatives (double backward) and `torch.func.vmap`; batches go through `simulate` itself. Work is
done on the processor; tensors on other devices are copied there and back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, cast

from bragg import _bragg
from bragg._batch import gradients, images, single_parameters

try:
    import torch
    from torch.autograd.function import once_differentiable
except ImportError as error:
    raise ImportError(f"bragg.torch needs PyTorch: pip install torch ({error})") from error

if TYPE_CHECKING:
    from typing import Any

    from bragg._derivatives import Names
    from bragg._experiment import Experiment

__all__ = ["Simulator", "simulate"]


class _Simulate(torch.autograd.Function):
    """Values (batch, parameters) and amplitudes (reflections, or none) in double precision to images (batch, …)."""

    @staticmethod
    def forward(
        handles: list[_bragg.Experiment],
        names: list[str],
        dtype: torch.dtype,
        threads: int | None,
        values: torch.Tensor,
        amplitudes: torch.Tensor | None,
    ) -> torch.Tensor:
        numbers = values.detach().tolist()
        listed = None if amplitudes is None else amplitudes.detach().cpu().numpy()
        image = torch.from_numpy(images(handles, names, numbers, listed, dtype == torch.float64, threads))
        return image.to(values.device)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: torch.Tensor) -> None:
        ctx.handles, ctx.names, _, ctx.threads, values, amplitudes = inputs
        ctx.save_for_backward(values, amplitudes)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, cotangent: torch.Tensor) -> tuple[Any, ...]:
        values, amplitudes = ctx.saved_tensors
        listed = None if amplitudes is None else amplitudes.detach().cpu().numpy()
        wanted = bool(ctx.needs_input_grad[5])
        weights = cotangent.detach().to("cpu", torch.float64).contiguous().numpy()
        by_value, by_amplitude = gradients(
            ctx.handles, ctx.names, values.tolist(), listed, weights, wanted, ctx.threads
        )
        found = torch.from_numpy(by_value).to(values.device)
        of_amplitudes = None if by_amplitude is None else torch.from_numpy(by_amplitude).to(amplitudes.device)
        return None, None, None, None, found, of_amplitudes

    @staticmethod
    def vmap(info: Any, in_dims: Any, *args: Any) -> Any:
        raise NotImplementedError(
            "bragg.torch: vmap is not supported; give parameters of shape (batch,) to bragg.torch.simulate instead"
        )


def simulate(
    experiment: Experiment | Sequence[Experiment],
    params: Mapping[str, torch.Tensor | float],
    *,
    amplitudes: torch.Tensor | None = None,
    dtype: torch.dtype | None = None,
    threads: int | None = None,
) -> torch.Tensor:
    """The image of an experiment whose parameters have other values.

    Parameters
    ----------
    experiment : Experiment, or sequence of Experiment
        The rest of the experiment; of several, a batch of images is made.
    params : mapping of tensors by name
        Values in the parameters' units, as `Experiment.parameters` has them: numbers, tensors without dimensions, or of shape (batch,).
    amplitudes : tensor, shape (reflections,), optional
        |F| (electrons) in the order of ``experiment.structure_factors.hkl``, in place of those of the experiment.
    dtype : torch.float32 or torch.float64, optional
        Of the image; that of the parameters when not given.
    threads : int, optional
        Threads to compute with, at most.

    Returns
    -------
    tensor, shape of the image, with a first dimension (batch,) where there is a batch
        Photons per pixel.

    Raises
    ------
    ValueError
        There is no such parameter, or a name is that of a group of several or given twice; the image has no useful derivative with respect to one that needs it, a value is not allowed,
        or batches differ in length.
    """
    experiments = list(experiment) if isinstance(experiment, Sequence) else [experiment]
    if not experiments:
        raise ValueError("experiment: is an empty list")
    names = single_parameters("params", experiments[0]._handle, params)
    given = dict(zip(names, map(_tensor, params.values())))
    is_batch = isinstance(experiment, Sequence) or any(value.ndim for value in given.values())
    if amplitudes is not None and amplitudes.ndim != 1:
        raise ValueError(f"amplitudes: has the shape {tuple(amplitudes.shape)}; it must be (reflections,)")
    lengths = {value.shape[0] for value in given.values() if value.ndim} | ({len(experiments)} - {1})
    if len(lengths) > 1 or any(value.ndim > 1 for value in given.values()):
        shapes = ", ".join(f"{name} {tuple(value.shape)}" for name, value in given.items())
        raise ValueError(
            f"params: have the shapes {shapes} with {len(experiments)} experiments; each must be () or (batch,), of one batch"
        )
    length = lengths.pop() if lengths else 1
    tensors = [value for value in (*params.values(), amplitudes) if isinstance(value, torch.Tensor)]
    kind = dtype or _kind(tensors)
    if kind not in (torch.float32, torch.float64):
        raise ValueError(f"dtype: is {kind}; it must be torch.float32 or torch.float64")
    device = tensors[0].device if tensors else torch.device("cpu")
    rows = [value.to(device, torch.float64).expand(length) for value in given.values()]
    values = torch.stack(rows, dim=1) if rows else torch.zeros((length, 0), dtype=torch.float64, device=device)
    listed = None if amplitudes is None else amplitudes.to(device, torch.float64).contiguous()
    handles = [one._handle for one in experiments] * (length if len(experiments) == 1 else 1)
    if values.requires_grad and torch.is_grad_enabled():
        for name, value in given.items():
            if value.requires_grad:
                _bragg.parameter_names(handles[0], name)
    image = cast("torch.Tensor", _Simulate.apply(handles, [*given], kind, threads, values, listed))
    return image if is_batch else image[0]


def _tensor(value: torch.Tensor | float) -> torch.Tensor:
    """A number with all its digits, which PyTorch would cut to single precision."""
    return value if isinstance(value, torch.Tensor) else torch.as_tensor(value, dtype=torch.float64)


def _kind(tensors: Sequence[torch.Tensor]) -> torch.dtype:
    kinds = {tensor.dtype for tensor in tensors if tensor.is_floating_point()}
    if not kinds:
        return torch.float32
    return torch.float64 if torch.float64 in kinds else torch.float32


class Simulator(torch.nn.Module):
    """An experiment as a module, whose parameters are the experiment's.

    They have the experiment's names: ``module.crystal.cell.a`` is a parameter, and so is ``crystal.cell.a`` in its `state_dict`.

    Parameters
    ----------
    experiment : Experiment
        The experiment to start from.
    params : str, sequence of str, or mapping
        Names and groups of what is to be learnt; of a mapping, names and first values.
    fixed : mapping, optional
        Values of other parameters, which are buffers: they are saved and loaded, but not learnt.
    amplitudes : bool
        Whether |F| of every listed reflection is to be learnt, as the parameter ``amplitudes``.
    dtype : torch.dtype
        Of parameters and images; gradients are computed in double precision anyway.
    threads : int, optional
        Threads to compute with, at most.

    Examples
    --------
    >>> import bragg, torch
    >>> from bragg.torch import Simulator
    >>> exp = bragg.Experiment(
    ...     bragg.Crystal(cell=[78, 78, 38], n_cells=10, structure_factors={"default": 100}),
    ...     bragg.Beam(wavelength=1.0),
    ...     bragg.Detector(distance=100, pixels=[64, 64], pixel_size=0.2),
    ... )
    >>> model = Simulator(exp, "orientation,crystal.cell.c")
    >>> [name for name, _ in model.named_parameters()][-1]
    'crystal.cell.c'
    >>> model().sum().backward()
    """

    def __init__(
        self,
        experiment: Experiment,
        params: Names | Mapping[str, float],
        *,
        fixed: Mapping[str, float] | None = None,
        amplitudes: bool = False,
        dtype: torch.dtype = torch.float64,
        threads: int | None = None,
    ) -> None:
        super().__init__()
        self.base = experiment
        self.threads = threads
        if isinstance(params, Mapping):
            first = dict(zip(single_parameters("params", experiment._handle, params), params.values()))
            names = experiment.gradient_names(first)
        else:
            names = experiment.gradient_names(params)
            first = dict(zip(names, _bragg.parameter_values(experiment._handle, names)))
        held = dict(zip(single_parameters("fixed", experiment._handle, fixed or ()), (fixed or {}).values()))
        both = [name for name in names if name in held]
        if both:
            raise ValueError(f"fixed: names {', '.join(both)}, which is to be learnt")
        self.free: tuple[str, ...] = tuple(names)
        """Names of what is learnt."""
        self.fixed: tuple[str, ...] = tuple(held)
        """Names of what has a value but is not learnt."""
        for name in names:
            node, last = self._node(name)
            node.register_parameter(last, torch.nn.Parameter(torch.tensor(first[name], dtype=dtype)))
        for name, value in held.items():
            node, last = self._node(name)
            node.register_buffer(last, torch.tensor(value, dtype=dtype))
        self.amplitudes: torch.nn.Parameter | None
        listed = torch.tensor(experiment.structure_factors.amplitudes, dtype=dtype) if amplitudes else None
        self.register_parameter("amplitudes", None if listed is None else torch.nn.Parameter(listed))

    def _node(self, name: str) -> tuple[torch.nn.Module, str]:
        """The module that has the parameter of a dotted name, and the name's last part."""
        node: torch.nn.Module = self
        *parts, last = name.split(".")
        for part in parts:
            if part not in node._modules:
                node.add_module(part, torch.nn.Module())
            node = cast("torch.nn.Module", node._modules[part])
        return node, last

    def values(self) -> dict[str, torch.Tensor]:
        """The present value of each parameter and buffer by the experiment's name."""
        found = {}
        for name in (*self.free, *self.fixed):
            node, last = self._node(name)
            found[name] = cast("torch.Tensor", getattr(node, last))
        return found

    def forward(self) -> torch.Tensor:
        """The image (photons per pixel)."""
        return simulate(self.base, self.values(), amplitudes=self.amplitudes, threads=self.threads)

    def experiment(self) -> Experiment:
        """The experiment with the present values; amplitudes are not in it."""
        return self.base.shift({name: float(value.detach()) for name, value in self.values().items()})

    def extra_repr(self) -> str:
        return ", ".join(self.free)
