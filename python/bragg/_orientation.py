"""Orientations of crystals."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from bragg import _bragg
from bragg._experiment import Experiment
from bragg._images import number, whole

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import numpy.typing as npt

_MOST = 10_000_000


def orient(
    cell: Sequence[float] | float | Experiment | str | os.PathLike[str] | None = None,
    *,
    seed: int | None = None,
    misset: Sequence[float] | None = None,
    count: int | None = None,
) -> npt.NDArray[np.float64]:
    """Matrices of orientations, by chance or by angles: those of ``bragg orient``.

    Parameters
    ----------
    cell : one, three or six numbers, Experiment, or path, optional
        The unit cell a, or a, b, c (Å), or with alpha, beta, gamma (deg); that of an experiment; or that of a file of coordinates or
        structure factors. Without it there are rotations alone.
    seed : int, optional
        Orientations are drawn uniformly from all there are. The first of a seed is that of ``orientation="random"`` with this
        ``orientation_seed``; number i does not depend on how many there are.
    misset : three numbers, optional
        Angles (deg) by which the crystal is turned from its default orientation (a along x, b in the xy plane) about lab x, then y,
        then z.
    count : int, optional
        How many orientations.

    Returns
    -------
    ndarray of float64, shape (3, 3), or (count, 3, 3) where a count is given
        A, with the columns a*, b*, c* (1/Å), for ``crystal.a_matrix``; without a cell U, for ``crystal.u_matrix``.

    Raises
    ------
    ValueError
        There is no such cell, or an argument cannot be used.

    Examples
    --------
    >>> import bragg
    >>> bragg.orient([10, 20, 40], misset=[0, 0, 0]).diagonal()
    array([0.1  , 0.05 , 0.025])
    >>> bragg.orient(seed=7, count=100).shape
    (100, 3, 3)
    """
    if seed is not None and misset is not None:
        raise ValueError("misset: contradicts seed; give one of them")
    if count is not None and seed is None:
        raise ValueError("count: needs a seed, without which all orientations are the same")
    n = 1 if count is None else whole("count", count)
    if not 0 <= n <= _MOST:
        raise ValueError(f"count: is {n}; it must be from 0 to {_MOST}")
    if seed is not None:
        seed = whole("seed", seed)
        if not 0 <= seed < 2**63:
            raise ValueError(f"seed: is {seed}; it must be from 0 to 2**63 - 1")
    angles = [0.0, 0.0, 0.0] if misset is None else [number("misset", angle) for angle in misset]
    if len(angles) != 3 or not all(abs(angle) < float("inf") for angle in angles):
        raise ValueError(f"misset: is {misset!r}; it must be three angles in degrees")
    matrices = _bragg.orientations(n, None if cell is None else _cell(cell), seed, angles)
    return matrices[0] if count is None else matrices


def _cell(cell: Sequence[float] | float | Experiment | str | os.PathLike[str]) -> tuple[float, ...]:
    """The six numbers of a cell."""
    if isinstance(cell, Experiment):
        return cell.cell
    if isinstance(cell, (str, os.PathLike)):
        return _bragg.cell_of_file(os.fspath(cell))
    numbers = [number("cell", cell)] if isinstance(cell, (int, float)) else [number("cell", value) for value in cell]
    if len(numbers) == 1:
        numbers *= 3
    if len(numbers) == 3:
        numbers += [90.0, 90.0, 90.0]
    if len(numbers) != 6:
        raise ValueError(f"cell: has {len(numbers)} numbers; it must be a, or a, b, c, or a, b, c, alpha, beta, gamma")
    return tuple(numbers)
