"""Refinement of experiments, and how far two images agree."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from bragg import _bragg
from bragg._images import BraggWarning, doubles, number, pixels, whole, window

if TYPE_CHECKING:
    from typing import Any

    import numpy as np
    import numpy.typing as npt

    from bragg._derivatives import Names
    from bragg._experiment import Experiment

    Doubles = npt.NDArray[np.float64]


@dataclass(frozen=True)
class RefinedParameter:
    """A parameter after refinement."""

    name: str
    """Its dotted name; of an image's own parameters with the number of the image."""
    unit: str
    """Its unit."""
    start: float
    """Where it started."""
    value: float
    """Where it ended; small rotations are counted from where they started."""
    esd: float
    """Estimated standard deviation; infinite where the data do not say it, 0 where a bound holds it."""
    at_bound: bool
    """Whether a bound holds it."""

    @property
    def shift(self) -> float:
        """How far it moved."""
        return self.value - self.start


@dataclass(frozen=True)
class Refinement:
    """What a refinement found."""

    parameters: dict[str, RefinedParameter]
    """The refined parameters by name."""
    experiments: tuple[Experiment, ...]
    """The refined experiment of each image."""
    residuals: tuple[Doubles, ...]
    """Of each image, photons of the data less those of the model; not a number where a pixel was not used."""
    losses: tuple[float, ...]
    """The loss after each iteration of the fit, the start first: for likelihoods minus their logarithm, up to a constant."""
    correlated: tuple[tuple[str, str, float], ...]
    """Pairs of parameters with correlation coefficients beyond ±0.9, strongest first."""
    correlation: Doubles | None
    """Correlation coefficients of all parameters, in the order of `parameters`; not a number where a bound holds one or the data do
    not say it. ``None`` where there are more than 1000 parameters, or reflections that are refined by their gradient alone."""
    degenerate: tuple[tuple[str, ...], ...]
    """Parameters that can change together (or one alone) without any effect on the image."""
    unseen: tuple[str, ...]
    """Reflections that have next to no effect on the pixels that were used; they stay as they were."""
    undetermined: tuple[str, ...]
    """Parameters that the data hardly tell: lengths and factors with an e.s.d. above their value, angles with one above a radian."""
    ended: str
    """Why it ended: ``"converged"``, ``"implausible"`` (settled where `doubts` say it cannot be right), ``"stalled"`` or ``"out of
    iterations"``."""
    doubts: tuple[str, ...]
    """What speaks against where it ended: a misfit far above what noise makes, a cell that became another."""
    n_pixels: int
    """Pixels that were used."""

    @property
    def experiment(self) -> Experiment:
        """The refined experiment; of the first image where there are several."""
        return self.experiments[0]

    @property
    def residual(self) -> Doubles:
        """The residual of the first image."""
        return self.residuals[0]

    @property
    def loss(self) -> float:
        """The loss at the end."""
        return self.losses[-1]

    @property
    def converged(self) -> bool:
        """Whether no step promised any more, and nothing speaks against where it ended."""
        return self.ended == "converged"

    @property
    def values(self) -> dict[str, float]:
        """The refined values by name."""
        return {name: parameter.value for name, parameter in self.parameters.items()}

    @property
    def esds(self) -> dict[str, float]:
        """The estimated standard deviations by name."""
        return {name: parameter.esd for name, parameter in self.parameters.items()}

    def __str__(self) -> str:
        width = max(len(name) for name in self.parameters)
        rows = [f"{'parameter':{width}}  {'value':>16}  {'shift':>14}  {'e.s.d.':>10}  unit"]
        rows += [
            f"{p.name:{width}}  {p.value:16.8f}  {p.shift:14.8f}  {p.esd:10.2e}  {p.unit}" for p in self.parameters.values()
        ]
        n = len(self.losses) - 1
        rows.append(f"{self.ended} after {n} iterations: loss {self.loss:.8e} over {self.n_pixels} pixels")
        return "\n".join(rows)


def refine(
    experiment: Experiment,
    data: npt.ArrayLike | Sequence[npt.ArrayLike],
    free: Names,
    *,
    each: Names = (),
    loss: Literal["poisson", "gauss", "least-squares", "square-root"] = "poisson",
    read_noise: float = 0.0,
    start: Literal["here", "ladder", "blurred", "search"] = "here",
    reach: float | None = None,
    iterations: int | None = None,
    restraints: Mapping[str, tuple[float, float]] | None = None,
    bounds: Mapping[str, tuple[float, float]] | None = None,
    mask: npt.ArrayLike | None = None,
    roi: Sequence[int] | None = None,
    shoeboxes: int | None = None,
    gain: float | None = None,
    adc_offset: float | None = None,
    max_counts: float | None = None,
    threads: int | None = None,
    progress: Callable[[int, int, float], object] | None = None,
) -> Refinement:
    """Refines an experiment; see `bragg.Experiment.refine`."""
    import numpy as np

    several = isinstance(data, (list, tuple)) and len(data) > 0 and np.ndim(data[0]) >= 2
    given: Any = data if several else [data]
    choices = {
        "free": free if isinstance(free, str) else ",".join(free),
        "each": each if isinstance(each, str) else ",".join(each),
        "loss": loss,
        "read_noise": number("read_noise", read_noise),
        "start": start,
        "reach": None if reach is None else number("reach", reach),
        "iterations": None if iterations is None else whole("iterations", iterations),
        "gain": None if gain is None else number("gain", gain),
        "adc_offset": None if adc_offset is None else number("adc_offset", adc_offset),
        "max_counts": None if max_counts is None else number("max_counts", max_counts),
        "roi": window(roi),
        "shoeboxes": None if shoeboxes is None else whole("shoeboxes", shoeboxes),
        "threads": threads,
        "restraints": dict(restraints or {}),
        "bounds": dict(bounds or {}),
    }
    usable = None if mask is None else doubles("mask", mask)
    images = [pixels(image, name=f"data {i + 1}") for i, image in enumerate(given)]
    found = _bragg.refine(experiment._handle, images, choices, usable, progress)
    parameters = [RefinedParameter(*row) for row in found["parameters"]]
    result = Refinement(
        parameters={parameter.name: parameter for parameter in parameters},
        experiments=tuple(type(experiment)._of(handle) for handle in found["experiments"]),
        residuals=tuple(found["residuals"]),
        losses=tuple(found["losses"]),
        correlated=tuple(found["correlated"]),
        correlation=np.array(found["correlation"]) if found["correlation"] else None,
        degenerate=tuple(tuple(names) for names in found["degenerate"]),
        unseen=tuple(found["unseen"]),
        undetermined=tuple(found["undetermined"]),
        ended=found["ended"],
        doubts=tuple(found["doubts"]),
        n_pixels=found["n_pixels"],
    )
    for note in _notes(result):
        warnings.warn(note, BraggWarning, stacklevel=3)
    return result


# Names that a warning has, at most.
_NAMED = 10


def _notes(result: Refinement) -> list[str]:
    notes = []
    for names in result.degenerate:
        if len(names) == 1:
            notes.append(f"{names[0]} has no effect on the image at the end: the data do not say its value")
        else:
            listed = ", ".join(names)
            notes.append(f"{listed} cannot be told apart: they can change together without any effect; restrain one of them")
    if result.unseen:
        more = f" and {len(result.unseen) - _NAMED} more" if len(result.unseen) > _NAMED else ""
        listed = ", ".join(result.unseen[:_NAMED])
        verbs = ("has", "it stays as it was") if len(result.unseen) == 1 else ("have", "they stay as they were")
        notes.append(f"{listed}{more} {verbs[0]} next to no effect on the pixels that are used; {verbs[1]}")
    if result.undetermined:
        listed = ", ".join(result.undetermined)
        notes.append(f"the data hardly tell {listed}: see the e.s.d.; nothing is known by such a fit")
    at_bound = [f"{p.name} ended at its bound {p.value}" for p in result.parameters.values() if p.at_bound]
    notes += at_bound[:_NAMED]
    if len(at_bound) > _NAMED:
        notes.append(f"{len(at_bound) - _NAMED} more ended at their bounds")
    notes += result.doubts
    if result.ended == "implausible":
        notes.append("no step lowers the loss any further, but this is no answer: start from elsewhere (start=)")
    if result.ended == "stalled":
        notes.append("no step lowers the loss any further, although one is expected to; the start may be too far away (start=)")
    if result.ended == "out of iterations":
        notes.append("the iterations ran out before the fit converged (iterations=)")
    return notes


def compare(
    reference: npt.ArrayLike,
    candidate: npt.ArrayLike,
    *,
    roi: Sequence[int] | None = None,
    mask: npt.ArrayLike | None = None,
) -> dict[str, float]:
    """How far two images agree: the metrics of ``bragg compare``.

    Parameters
    ----------
    reference, candidate : array, shape (slow, fast) or (panels, slow, fast)
        The images, of the same shape.
    roi : four ints, optional
        First and last pixel along fast, first and last along slow, ends included, that take part.
    mask : array, optional
        Pixels that take part are not 0.

    Returns
    -------
    dict of float by name
        ``correlation``, ``sum_ratio``, ``max_abs``, ``rms`` and others; ``docs/compare.md`` has their formulas. Not a number where one is not
        defined.

    Raises
    ------
    ValueError
        The images differ in shape, or no pixel is left.
    """
    first, second = doubles("reference", reference), doubles("candidate", candidate)
    usable = None if mask is None else doubles("mask", mask)
    rows = _bragg.compare(first, second, window(roi), usable)
    return {name: float("nan") if value is None else value for name, value, _ in rows}
