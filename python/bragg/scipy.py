"""Residuals and Jacobians for `scipy.optimize.least_squares`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bragg import _bragg
from bragg._images import doubles, pixels, window

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    import numpy as np
    import numpy.typing as npt

    from bragg._derivatives import Names
    from bragg._experiment import Experiment

    Doubles = npt.NDArray[np.float64]

__all__ = ["Residuals"]


class Residuals:
    """How far an experiment is from an image, as a function of the values of some of its parameters.

    ``r = Residuals(exp, data, "cell,orientation")``, then ``scipy.optimize.least_squares(r, r.x0, r.jac, r.bounds, x_scale=r.x_scale)``, or
    `solve`, which is the same.

    Parameters
    ----------
    experiment : Experiment
        The experiment to start from.
    data : array, shape of the image
        Photons, or counts (integers, of which negative ones are flags). Pixels that the experiment does not compute, flagged ones and
        those that are not finite take no part.
    params : str or sequence of str
        Names and groups of the parameters that are varied.
    sigma : array or float, optional
        Standard deviation of each pixel (photons); 1 when not given. Pixels where it is not a number above 0 take no part.
    roi : four ints, optional
        First and last pixel along fast, first and last along slow, ends included, that take part.
    threads : int, optional
        Threads to compute with, at most.

    Attributes
    ----------
    names : list of str
        The parameters.
    x0 : ndarray
        Their values in the experiment.
    bounds : pair of ndarray
        The lowest and the highest values that they may have.
    x_scale : ndarray
        Changes of each that change the image alike, at the start: what `scipy.optimize.least_squares` should count in.
    """

    def __init__(
        self,
        experiment: Experiment,
        data: npt.ArrayLike,
        params: Names,
        *,
        sigma: npt.ArrayLike | None = None,
        roi: Sequence[int] | None = None,
        threads: int | None = None,
    ) -> None:
        import numpy as np

        self.names: list[str] = experiment.gradient_names(params)
        if not self.names:
            raise ValueError("params: names no parameter")
        self._experiment, self._roi, self._threads = experiment, roi, threads
        counts = np.asarray(data)
        if counts.shape != experiment.shape:
            raise ValueError(f"data: has the shape {counts.shape}, but the image has {experiment.shape}")
        region = window(roi)
        used = _bragg.used_pixels(experiment._handle, pixels(counts, name="data"), region)
        slices: Any = slice(None) if roi is None else (..., slice(roi[2], roi[3] + 1), slice(roi[0], roi[1] + 1))
        photons = counts.astype(np.float64)
        deviations = doubles("sigma", 1.0 if sigma is None else sigma)
        if deviations.shape not in ((), photons.shape):
            raise ValueError(f"sigma: has the shape {deviations.shape}, but the data have {photons.shape}")
        deviations = np.broadcast_to(deviations, photons.shape)
        used &= np.isfinite(deviations) & (deviations > 0)
        self._used: npt.NDArray[np.bool_] = used[slices]
        if np.count_nonzero(self._used) < len(self.names):
            raise ValueError(f"data: has {np.count_nonzero(self._used)} usable pixels for {len(self.names)} parameters")
        self._photons: Doubles = photons[slices][self._used]
        self._sigma: Doubles = deviations[slices][self._used]
        self.x0: Doubles = np.array(_bragg.parameter_values(experiment._handle, self.names))
        low, high = zip(*_bragg.parameter_bounds(self.names))
        self.bounds: tuple[Doubles, Doubles] = (np.array(low), np.array(high))
        self._window = None if roi is None else experiment._handle.window(roi)
        self._slices: Any = slices

    @property
    def x_scale(self) -> Doubles:
        import numpy as np

        lengths = np.linalg.norm(self.jac(self.x0), axis=0)
        return np.asarray(1.0 / np.where(lengths > 0, lengths, 1.0))

    def __call__(self, x: npt.ArrayLike) -> Doubles:
        """(photons − data)/sigma of the pixels that take part."""
        import numpy as np

        handle = self._window or self._experiment._handle
        image: Doubles = _bragg.image_at(handle, self.names, doubles("x", x).tolist(), self._threads, True)
        part: Doubles = image[self._slices][self._used]
        return (part - self._photons) / self._sigma

    def jac(self, x: npt.ArrayLike) -> Doubles:
        """The derivatives of the residuals, pixels × parameters."""
        import numpy as np

        values = dict(zip(self.names, doubles("x", x).tolist()))
        columns = self._experiment.jacobian(self.names, self._roi, values=values, threads=self._threads)
        return np.ascontiguousarray((columns[:, self._used] / self._sigma).T)

    def experiment(self, x: npt.ArrayLike) -> Experiment:
        """The experiment at these values."""
        import numpy as np

        return self._experiment.shift(dict(zip(self.names, doubles("x", x).tolist())))

    def solve(self, **options: object) -> Any:
        """What `scipy.optimize.least_squares` finds from the experiment's values on; `options` are its own."""
        try:
            from scipy.optimize import least_squares
        except ImportError as error:
            raise ImportError(f"Residuals.solve needs SciPy: pip install scipy ({error})") from error
        chosen: dict[str, Any] = {"bounds": self.bounds, "x_scale": self.x_scale, **options}
        return least_squares(self, self.x0, self.jac, **chosen)
