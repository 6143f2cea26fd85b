"""Images and gradients for the frameworks: batches of values in, arrays out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from bragg import _bragg
from bragg._images import doubles

if TYPE_CHECKING:
    from typing import Any

    import numpy as np
    import numpy.typing as npt

    Doubles = npt.NDArray[np.float64]


def single_parameters(what: str, handle: _bragg.Experiment, names: Iterable[str]) -> list[str]:
    """Names of parameters as `Experiment.parameters` has them; `what` is the argument that has them, in errors.

    Groups of several are refused, since one value cannot be that of several.
    """
    known = _bragg.single_parameters(handle, [*names])
    twice = {name for name in known if known.count(name) > 1}
    if twice:
        raise ValueError(f"{what}: names {', '.join(sorted(twice))} twice")
    return known


def images(
    handles: Sequence[_bragg.Experiment],
    names: Sequence[str],
    values: Sequence[Sequence[float]],
    amplitudes: Doubles | None,
    double: bool,
    threads: int | None,
) -> npt.NDArray[Any]:
    """The image of each row of values; that of one row is not copied."""
    import numpy as np

    made = [
        _bragg.image_at(handle, names, row, threads, double, amplitudes) for handle, row in zip(handles, values)
    ]
    found: npt.NDArray[Any] = made[0][np.newaxis] if len(made) == 1 else np.stack(made)
    return found


def gradients(
    handles: Sequence[_bragg.Experiment],
    names: Sequence[str],
    values: Sequence[Sequence[float]],
    amplitudes: Doubles | None,
    cotangents: Doubles,
    by_amplitude: bool,
    threads: int | None,
) -> tuple[Doubles, Doubles | None]:
    """Derivatives with respect to each row's values, and with respect to the amplitudes that all rows share."""
    import numpy as np

    found = np.empty((len(handles), len(names)))
    total: Doubles | None = None
    for i, (handle, row) in enumerate(zip(handles, values)):
        panels = [doubles("cotangent", cotangents[i])]
        found[i], listed = _bragg.gradient(handle, names, panels, row, by_amplitude, threads, amplitudes)
        if listed is not None:
            total = listed if total is None else total + listed
    return found, total
