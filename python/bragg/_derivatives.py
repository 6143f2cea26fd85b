"""Derivatives of images with respect to the parameters of experiments."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple, Union, cast, overload

from bragg import _bragg
from bragg._images import doubles
from bragg._refinement import refine

if TYPE_CHECKING:
    from typing import Any, TypedDict

    import numpy as np
    import numpy.typing as npt

    from bragg._refinement import Refinement
    from typing_extensions import Self, Unpack

    class Options(TypedDict, total=False):
        """The keywords of `refine`."""

        each: Names
        loss: Literal["poisson", "gauss", "least-squares", "square-root"]
        read_noise: float
        start: Literal["here", "ladder", "blurred", "search"]
        reach: float | None
        iterations: int | None
        restraints: Mapping[str, tuple[float, float]] | None
        bounds: Mapping[str, tuple[float, float]] | None
        mask: npt.ArrayLike | None
        roi: Sequence[int] | None
        shoeboxes: int | None
        gain: float | None
        adc_offset: float | None
        max_counts: float | None
        threads: int | None
        progress: Callable[[int, int, float], object] | None

    Doubles = npt.NDArray[np.float64]

Names = Union[str, Iterable[str]]
"""Names of parameters and of groups (``cell``, ``orientation``, …): one text with commas, or several."""
Values = Mapping[str, float]
"""Values of parameters by name."""

# A block of `jacobian_blocks` has no more bytes than this, if a row of pixels has not.
_BLOCK_BYTES = 64_000_000


class Parameter(NamedTuple):
    """A parameter of an experiment."""

    name: str
    """Its dotted name."""
    value: float | None
    """Its value in its unit; 0 for small rotations, which stand on top of what is there; ``None`` where there is none."""
    unit: str
    """Its unit; empty for a plain number."""
    meaning: str
    """What it is."""
    refusal: str | None = None
    """Why the image has no useful derivative with respect to it; ``None`` where it has one."""


class Differentiable:
    """What `bragg.Experiment` does with derivatives."""

    __slots__ = ()

    if TYPE_CHECKING:

        @property
        def _handle(self) -> _bragg.Experiment: ...
        @classmethod
        def _of(cls, handle: _bragg.Experiment) -> Self: ...

    def parameters(self, *, refused: bool = False) -> dict[str, Parameter]:
        """The parameters that the image has derivatives with respect to.

        Parameters
        ----------
        refused : bool
            Whether the others are listed, too, each with the reason in `Parameter.refusal`.

        Returns
        -------
        dict of Parameter by name
            Every reflection is one more, ``crystal.structure_factors.f2[h,k,l]``, where the experiment has a list of them.
        """
        rows = (Parameter(*row) for row in _bragg.parameters(self._handle, refused))
        return {row.name: row for row in rows}

    def shift(self, values: Values) -> Self:
        """The experiment with other values of its parameters: what the derivatives are derivatives of.

        Nothing is read or chosen anew, as `replace` does it: structure factors stay, and so does the number of sub-pixels.

        Parameters
        ----------
        values : mapping
            New values by name, in the parameters' units. Small rotations start from 0; those of one thing make one rotation about
            the vector of their angles.

        Returns
        -------
        Experiment

        Raises
        ------
        ValueError
            There is no such parameter, a value is not allowed, or an experiment file cannot say it (single reflections).
        """
        names, numbers = _split(values)
        return self._of(_bragg.moved(self._handle, names, numbers))

    def gradient_names(self, params: Names | None = None) -> list[str]:
        """The names of the parameters that names and groups stand for; of all that have derivatives when there are none."""
        if params is None:
            return [row[0] for row in _bragg.parameters(self._handle, False)]
        text = params if isinstance(params, str) else ",".join(params)
        return _bragg.parameter_names(self._handle, text)

    @overload
    def gradient(
        self,
        cotangent: npt.ArrayLike | Sequence[npt.ArrayLike],
        params: Names | None = None,
        *,
        amplitudes: Literal[False] = False,
        values: Values | None = None,
        threads: int | None = None,
    ) -> dict[str, float]: ...
    @overload
    def gradient(
        self,
        cotangent: npt.ArrayLike | Sequence[npt.ArrayLike],
        params: Names | None = None,
        *,
        amplitudes: Literal[True],
        values: Values | None = None,
        threads: int | None = None,
    ) -> tuple[dict[str, float], Doubles]: ...
    def gradient(
        self,
        cotangent: npt.ArrayLike | Sequence[npt.ArrayLike],
        params: Names | None = None,
        *,
        amplitudes: bool = False,
        values: Values | None = None,
        threads: int | None = None,
    ) -> dict[str, float] | tuple[dict[str, float], Doubles]:
        """The derivatives of a loss, given its derivatives with respect to the pixels: Σ cotangent·∂photons/∂parameter.

        One sweep over the image gives them all, for a few times the work of the image.

        Parameters
        ----------
        cotangent : array, shape of the image; or a list of arrays, one for each panel
            The derivative of the loss with respect to each pixel's photons.
        params : str or sequence of str, optional
            Names and groups; all parameters that have derivatives when not given.
        amplitudes : bool
            Whether the derivatives with respect to every listed |F| are wanted, too.
        values : mapping, optional
            Values of some of the parameters, by name, where they are not those of the experiment. They are among `params`, or are all
            parameters there are when those are not given.
        threads : int, optional
            Threads to compute with, at most.

        Returns
        -------
        dict of float by name
            In the loss's unit per unit of the parameter.
        ndarray of float64, shape (reflections,)
            With ``amplitudes=True``: per electron, in the order of ``exp.structure_factors.hkl``; each reflection by itself, without
            its symmetry mates.

        Raises
        ------
        ValueError
            A name is unknown, the image has no useful derivative with respect to it, or the cotangent has another shape.
        KeyboardInterrupt
            Ctrl-C.
        """
        names, at = self._where(params, values)
        found, by_amplitude = _bragg.gradient(self._handle, names, _panels(cotangent), at, amplitudes, threads)
        by_name = dict(zip(names, found))
        return by_name if by_amplitude is None else (by_name, by_amplitude)

    def value_and_gradient(
        self,
        loss: Callable[[Doubles], tuple[float, npt.ArrayLike]],
        params: Names | None = None,
        *,
        values: Values | None = None,
        threads: int | None = None,
    ) -> tuple[float, dict[str, float]]:
        """The value of a loss and its derivatives.

        Parameters
        ----------
        loss : callable
            Called with the image (float64); returns the loss and its derivative with respect to each pixel.
        params, values, threads
            As `gradient` has them.

        Returns
        -------
        float
            The loss.
        dict of float by name
            Its derivatives.
        """
        names, at = self._where(params, values)
        image = _bragg.image_at(self._handle, *_chosen(names, at), threads, True)
        value, cotangent = loss(image)
        found, _ = _bragg.gradient(self._handle, names, _panels(cotangent), at, False, threads)
        return float(value), dict(zip(names, found))

    def jvp(
        self, direction: Values, *, values: Values | None = None, threads: int | None = None
    ) -> npt.NDArray[np.float64]:
        """The derivative of the image along a direction: Σ direction·∂photons/∂parameter.

        Parameters
        ----------
        direction : mapping
            How fast each parameter changes, by name.
        values, threads
            As `gradient` has them.

        Returns
        -------
        ndarray of float64, shape of the image
        """
        names, rates = _split(direction)
        more = [name for name in values or () if name not in direction]
        names, at = self._where([*names, *more], values, exact=True)
        return cast("Doubles", _bragg.jvp(self._handle, names, rates + [0.0] * len(more), at, threads))

    def jacobian(
        self,
        params: Names | None = None,
        roi: Sequence[int] | None = None,
        *,
        values: Values | None = None,
        threads: int | None = None,
        progress: Callable[[int, int], object] | None = None,
    ) -> Doubles:
        """The derivatives of every pixel.

        Parameters
        ----------
        params : str or sequence of str, optional
            Names and groups; all parameters that have derivatives when not given.
        roi : four ints, optional
            First and last pixel along fast, first and last along slow, ends included: the array has these pixels alone.
        values, threads
            As `gradient` has them.
        progress : callable, optional
            As `simulate` has it.

        Returns
        -------
        ndarray of float64, shape (parameters, slow, fast) or (parameters, panels, slow, fast)
            Photons per unit of the parameter, in the order of ``exp.gradient_names(params)``.

        Raises
        ------
        ValueError
            As `gradient`, or the array does not fit into memory; `jacobian_blocks` gives it row by row.
        """
        return self.value_and_jacobian(params, roi, values=values, threads=threads, progress=progress)[1]

    def value_and_jacobian(
        self,
        params: Names | None = None,
        roi: Sequence[int] | None = None,
        *,
        values: Values | None = None,
        threads: int | None = None,
        progress: Callable[[int, int], object] | None = None,
    ) -> tuple[Doubles, Doubles]:
        """The image (float64) and what `jacobian` gives, of the same pixels."""
        names, at = self._where(params, values)
        handle = self._handle if roi is None else self._handle.window(roi)
        window = None if roi is None else [int(i) for i in roi]
        photons, columns = _bragg.jacobian(handle, names, at, window, threads, progress)
        if photons.shape[0] == 1:
            return photons[0], columns[:, 0]
        return photons, columns

    def jacobian_blocks(
        self,
        params: Names | None = None,
        roi: Sequence[int] | None = None,
        *,
        values: Values | None = None,
        threads: int | None = None,
        rows: int | None = None,
    ) -> Iterator[tuple[slice, Doubles, Doubles]]:
        """The image and the derivatives of every pixel, some rows at a time, for images whose `jacobian` does not fit into memory.

        Parameters
        ----------
        params, roi, values, threads
            As `jacobian` has them.
        rows : int, optional
            Rows of a block; as many as take 64 MB when not given.

        Yields
        ------
        slice
            The rows of the whole image.
        ndarray of float64
            Their photons, as `simulate` has them but for the roi.
        ndarray of float64
            Their derivatives, as `jacobian` has them.
        """
        names = self.gradient_names(params) if params is not None or values is None else [*values]
        sizes = self._handle.panel_sizes
        if roi is not None:
            # refuses what is none
            self._handle.window(roi)
        whole = (0, sizes[0][1] - 1, 0, sizes[0][0] - 1)
        first_fast, last_fast, first, last = whole if roi is None else map(int, roi)
        row_bytes = 8 * (len(names) + 1) * (last_fast - first_fast + 1) * len(sizes)
        if rows is not None and rows < 1:
            raise ValueError(f"rows: is {rows}; it must be a whole number, at least 1")
        step = rows or max(1, _BLOCK_BYTES // row_bytes)
        for start in range(first, last + 1, step):
            stop = min(start + step, last + 1)
            window = (first_fast, last_fast, start, stop - 1)
            yield slice(start, stop), *self.value_and_jacobian(names, window, values=values, threads=threads)

    def refine(self, data: npt.ArrayLike | Sequence[npt.ArrayLike], free: Names, **options: Unpack[Options]) -> Refinement:
        """The experiment that explains recorded images best, and how well its parameters are then known.

        Parameters
        ----------
        data : array, shape of the image; or a list of such arrays
            What the detector recorded, as `record` gives it: counts (integers, of which negative ones are flags and left out), or
            expected counts. A photon is worth what the experiment's ``noise.gain`` and ``noise.adc_offset`` say.
        free : str or sequence of str
            Names and groups of the parameters to refine; of several images they are shared.
        each : str or sequence of str
            Names and groups of parameters that each image has of its own.
        loss : {"poisson", "gauss", "least-squares", "square-root"}
            What is minimised; "gauss" is for detectors whose reading adds noise of `read_noise` photons.
        read_noise : float
            Standard deviation of a pixel's reading, photons.
        start : {"here", "ladder", "blurred", "search"}
            How the neighbourhood of the answer is found: not at all, from low resolution on, from blurred images on, or by trying
            orientations up to `reach` degrees away first.
        reach : float, optional
            For ``start="search"``, degrees; 1 when not given.
        iterations : int, optional
            Iterations at most: 50 if it is not said, 300 for so many reflections that L-BFGS refines them.
        restraints : mapping of (value, sigma) by name, optional
            Values that are known already, and how well.
        bounds : mapping of (low, high) by name, optional
            Values that are never left; infinite for no bound.
        mask : array, optional
            Pixels that may be used are not 0.
        roi : four ints, optional
            First and last pixel along fast, first and last along slow, ends included, that are used.
        shoeboxes : int, optional
            Only pixels so near (along fast and slow) to a bright one are used, in the data or in the image at the start.
        gain, adc_offset : float, optional
            Counts per photon, and counts of a pixel without photons, where they are not the experiment's.
        max_counts : float, optional
            Pixels with more counts are saturated and left out; the experiment's ``noise.saturation`` or its detector's limit when not given.
        threads : int, optional
            Threads to compute with, at most.
        progress : callable, optional
            Called after each iteration with its stage (those of the start from 0, the fit last), its number and the loss; an
            exception from it stops the refinement.

        Returns
        -------
        bragg.Refinement
            Values, standard deviations, correlations, the history of the loss, the refined experiment and the residual.

        Raises
        ------
        ValueError
            A name is unknown, a parameter has no effect, no pixel is left, or an argument cannot be used.
        KeyboardInterrupt
            Ctrl-C.

        Notes
        -----
        ``docs/refinement.md`` says how it is done, and what the standard deviations mean.
        """
        return refine(cast("Any", self), data, free, **options)

    def _where(
        self, params: Names | None, values: Values | None, *, exact: bool = False
    ) -> tuple[list[str], list[float] | None]:
        """The names of the parameters, and their values where they are not the experiment's."""
        given = dict(values or {})
        if exact:
            names = list(cast("Iterable[str]", params))
        else:
            names = self.gradient_names([*given] if params is None and given else params)
        if not given:
            return names, None
        strange = [name for name in given if name not in names]
        if strange:
            raise ValueError(f"values: has {', '.join(strange)}, which is not among the parameters {', '.join(names)}")
        there = _bragg.parameter_values(self._handle, names)
        return names, [float(given.get(name, value)) for name, value in zip(names, there)]


def _split(values: Mapping[str, Any]) -> tuple[list[str], list[float]]:
    return [*values], [float(value) for value in values.values()]


def _chosen(names: list[str], at: list[float] | None) -> tuple[list[str], list[float]]:
    return ([], []) if at is None else (names, at)


def _panels(image: npt.ArrayLike | Sequence[npt.ArrayLike]) -> list[Doubles]:
    """An image as arrays of its panels, in double precision and contiguous."""
    import numpy as np

    panels: Any = image if isinstance(image, (list, tuple)) and np.ndim(image[0]) >= 2 else [image]
    return [doubles("cotangent", panel) for panel in panels]
