"""Images in JAX, with gradients.

`simulate` can be called within `jax.jit` and differentiated once by `jax.grad`, `jax.vjp` and `jax.jacrev`. The work is done by callbacks on
the processor, in double precision; the arrays that come back have JAX's type of floating-point numbers: float32, or float64 with
`jax_enable_x64`.
Forward mode and second derivatives are refused by JAX, since only the reverse sweep is there; under `jax.vmap` images are made one
after the other.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from bragg._batch import gradients, images, single_parameters

try:
    import jax
    import jax.numpy as jnp
except ImportError as error:
    raise ImportError(f"bragg.jax needs JAX: pip install jax ({error})") from error

if TYPE_CHECKING:
    from bragg import _bragg
    from bragg._experiment import Experiment

__all__ = ["simulate"]


def simulate(
    experiment: Experiment,
    params: Mapping[str, jax.typing.ArrayLike],
    *,
    amplitudes: jax.typing.ArrayLike | None = None,
    threads: int | None = None,
) -> jax.Array:
    """The image of an experiment whose parameters have other values.

    Parameters
    ----------
    experiment : Experiment
        The rest of the experiment.
    params : mapping of numbers by name
        Values in the parameters' units, as `Experiment.parameters` has them.
    amplitudes : array, shape (reflections,), optional
        |F| (electrons) in the order of ``experiment.structure_factors.hkl``, in place of those of the experiment.
    threads : int, optional
        Threads to compute with, at most.

    Returns
    -------
    array, shape of the image
        Photons per pixel, in JAX's type of floating-point numbers.

    Raises
    ------
    ValueError
        There is no such parameter, or a name is that of a group of several or given twice; the image has no useful derivative with
        respect to it; a value is not a single number, or the amplitudes are not those of the reflections.
    """
    names = single_parameters("params", experiment._handle, params)
    for name, value in params.items():
        if jnp.ndim(value):
            raise ValueError(f"{name}: has the shape {jnp.shape(value)}; it must be one number (jax.vmap makes batches)")
    if amplitudes is not None:
        known = experiment._handle.reflections
        if known is None:
            raise ValueError("amplitudes: the experiment has no list of reflections, only a default")
        expected = (len(known),)
        if jnp.shape(amplitudes) != expected:
            raise ValueError(f"amplitudes: has the shape {jnp.shape(amplitudes)}; that of the reflections is {expected}")
    # refuses those that the image has no useful derivative with respect to
    experiment.gradient_names(names)
    kind = jnp.result_type(float)
    values = jnp.stack([jnp.asarray(value, kind) for value in params.values()]) if names else jnp.zeros(0, kind)
    listed = None if amplitudes is None else jnp.asarray(amplitudes, kind)
    image: jax.Array = _simulate(_Bound(experiment, tuple(names), threads), values, listed)
    return image


class _Bound:
    """What of a simulation JAX does not see."""

    def __init__(self, experiment: Experiment, names: tuple[str, ...], threads: int | None) -> None:
        self.handle: _bragg.Experiment = experiment._handle
        self.shape = experiment.shape
        self.names = names
        self.threads = threads

    def _key(self) -> tuple[object, ...]:
        return id(self.handle), self.names, self.threads

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Bound) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def image(self, values: Any, amplitudes: Any) -> Any:
        import numpy as np

        kind = np.asarray(values).dtype
        listed = None if amplitudes is None else np.asarray(amplitudes, np.float64)
        rows = [np.asarray(values, np.float64).tolist()]
        return images([self.handle], self.names, rows, listed, kind == np.float64, self.threads)[0]

    def gradient(self, values: Any, amplitudes: Any, cotangent: Any) -> Any:
        import numpy as np

        kind = np.asarray(values).dtype
        listed = None if amplitudes is None else np.asarray(amplitudes, np.float64)
        rows = [np.asarray(values, np.float64).tolist()]
        weights = np.asarray(cotangent, np.float64)[np.newaxis]
        wanted = listed is not None
        found, by_amplitude = gradients([self.handle], self.names, rows, listed, weights, wanted, self.threads)
        return found[0].astype(kind), None if by_amplitude is None else by_amplitude.astype(kind)


# without types in JAX
_shape: Any = jax.ShapeDtypeStruct


@partial(jax.custom_vjp, nondiff_argnums=(0,))
def _simulate(bound: _Bound, values: jax.Array, amplitudes: jax.Array | None) -> Any:
    shape = _shape(bound.shape, values.dtype)
    return jax.pure_callback(bound.image, shape, values, amplitudes, vmap_method="sequential")


def _forward(bound: _Bound, values: jax.Array, amplitudes: jax.Array | None) -> Any:
    return _simulate(bound, values, amplitudes), (values, amplitudes)


def _backward(bound: _Bound, kept: Any, cotangent: jax.Array) -> Any:
    values, amplitudes = kept
    of_list = None if amplitudes is None else _shape(amplitudes.shape, values.dtype)
    shapes = (_shape(values.shape, values.dtype), of_list)
    return jax.pure_callback(bound.gradient, shapes, values, amplitudes, cotangent, vmap_method="sequential")


_simulate.defvjp(_forward, _backward)
