"""Images: noise, files, pictures."""

from __future__ import annotations

import operator
import os
import warnings
from typing import TYPE_CHECKING

from bragg import _bragg
from bragg._part import Quantity, Table

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    import numpy as np
    import numpy.typing as npt

    from bragg._experiment import Experiment

    Pixels = npt.NDArray[np.float32] | npt.NDArray[np.int32]


class BraggWarning(UserWarning):
    """Something that the user should know although nothing is wrong."""


def window(roi: Sequence[int] | None) -> list[int] | None:
    """A region as the library takes it."""
    if roi is None:
        return None
    if len(roi) != 4:
        raise ValueError(f"roi: has {len(roi)} numbers; it must have four, first and last pixel along fast and then along slow")
    return [whole("roi", i) for i in roi]


def whole(name: str, value: object) -> int:
    """A whole number; `name` is the argument that has it, in errors."""
    try:
        return operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        raise TypeError(f"{name}: is {value!r}; it must be a whole number") from None


def number(name: str, value: object) -> float:
    """A number; `name` is the argument that has it, in errors."""
    try:
        return float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        raise TypeError(f"{name}: is {value!r}; it must be a number") from None


def doubles(name: str, values: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Real numbers in double precision, contiguous; `name` is the argument that has them, in errors."""
    import numpy as np

    array = np.asarray(values)
    if array.dtype.kind not in "iubf":
        raise TypeError(f"{name}: is an array of {array.dtype}; it must be one of real numbers")
    return np.asarray(array, np.float64, order="C")


def pixels(image: npt.ArrayLike, *, photons: bool = False, name: str = "image") -> Any:
    """An image as the library takes it: float32 of photons or int32 of counts, contiguous; `name` is the argument's, in errors."""
    import numpy as np

    array = np.asarray(image)
    if array.dtype.kind in "iub" and not photons:
        limits = np.iinfo(np.int32)
        if not np.can_cast(array.dtype, np.int32) and array.size and (array.max() > limits.max or array.min() < limits.min):
            raise ValueError(f"{name}: has counts beyond {limits.max}, which 32 bits cannot hold")
        return np.ascontiguousarray(array, dtype=np.int32)
    if array.dtype.kind in "iubf":
        return np.ascontiguousarray(array, dtype=np.float32)
    raise TypeError(f"{name}: is an array of {array.dtype}; it must be one of numbers, photons or counts")


def noise(
    image: npt.ArrayLike,
    seed: int = 1,
    *,
    frame: int = 0,
    poisson: bool = True,
    gain: float = 1.0,
    adc_offset: float = 0.0,
    saturation: float | None = None,
) -> Pixels:
    """What a detector records of expected photons.

    Parameters
    ----------
    image : array, shape (slow, fast) or (panels, slow, fast)
        Expected photons per pixel.
    seed : int
        Seed of the noise: the same seed gives the same noise, whatever the number of threads.
    frame : int
        Number of the image in its series: each has noise of its own.
    poisson : bool
        Whether photons are counted with Poisson noise.
    gain : float
        Counts per photon.
    adc_offset : float
        Counts added to every pixel.
    saturation : float, optional
        Largest count; brighter pixels are recorded as one more. That of 32 bits when not given.

    Returns
    -------
    ndarray of int32, or of float32 with ``poisson=False``
        Counts, of the image's shape. Pixels that are negative or no number get the count -1, with a `BraggWarning`.

    Raises
    ------
    ValueError
        A parameter or the image's shape cannot be used.
    """
    values: dict[str, object] = {"gain": gain, "adc_offset": adc_offset, "saturation": saturation, "poisson": poisson}
    if poisson:
        values["seed"] = seed
    photons = pixels(image, photons=True)
    counts = _bragg.noise(photons, {"noise": values, "scan": {"frame": frame}})
    warn_of_uncounted(photons, counts)
    return counts


def warn_of_uncounted(photons: Pixels, counts: Pixels) -> None:
    """Says how many pixels have no expectation that photons could be counted by."""
    import numpy as np

    without = np.count_nonzero(~(photons >= 0)) if counts.dtype.kind == "i" else 0
    if without:
        note = f"{without} pixels are negative or no number; they get the count -1"
        warnings.warn(note, BraggWarning, stacklevel=3)


def read(path: str | os.PathLike[str], size: tuple[int, int] | None = None) -> Pixels:
    """Reads an image file.

    Parameters
    ----------
    path : str or path
        The file: .img (SMV), .cbf, .npy, .bin (32-bit floats), .pgm or .tif, told by its content or its extension, also with
        .gz, .bz2, .xz or .zst behind it.
    size : (int, int), optional
        Pixels along fast and slow; only .bin needs it.

    Returns
    -------
    ndarray, shape (slow, fast) or (panels, slow, fast)
        Photons as float32, or counts as int32, as they stand in the file: those of SMV images contain the pedestal that the header
        names (IMAGE_PEDESTAL). Pixels without a value are negative.

    Raises
    ------
    OSError
        The file cannot be read.
    ValueError
        It is no such image.
    """
    name = os.fspath(path)
    found, notes = _bragg.read(name, size)
    for note in notes:
        warnings.warn(f"{name}: {note}", BraggWarning, stacklevel=2)
    return found


def write(
    path: str | os.PathLike[str], image: npt.ArrayLike, experiment: Experiment | None = None, **style: object
) -> None:
    """Writes an image file, whole or not at all.

    Parameters
    ----------
    path : str or path
        The file; its extension says the format: .img (SMV), .cbf, .npy, .bin (32-bit floats), .pgm, .png (a picture), .tif.
    image : array, shape (slow, fast) or (panels, slow, fast)
        Photons or counts. Integer formats round photons, and mark as saturated what is beyond the largest count, with a warning. SMV
        images have 40 counts more unless the experiment says ``adc_offset``, since their readers take 0 for no value.
    experiment : Experiment, optional
        Where the geometry in the header comes from; headers have a made-up one without it.
    **style
        How a picture looks, as in `picture`.

    Raises
    ------
    OSError
        The file cannot be written.
    ValueError
        The format cannot hold the image.
    """
    handle = None if experiment is None else experiment._handle
    name = os.fspath(path)
    notes, n_clipped = _bragg.write(name, pixels(image), handle, _style(style))
    if handle is None and name.lower().endswith((".img", ".cbf")):
        notes.append(f"the geometry in the header of {name} is made up; give the experiment for the right one")
    if n_clipped:
        notes.append(f"{name}: {n_clipped} pixels are beyond the counts of the detector or the format, and are marked as saturated")
    for note in notes:
        warnings.warn(note, BraggWarning, stacklevel=2)


class Picture(bytes):
    """The bytes of a PNG file, which notebooks show."""

    def _repr_png_(self) -> bytes:
        return bytes(self)


def picture(image: npt.ArrayLike, experiment: Experiment | None = None, **style: Quantity | Table | bool | object) -> Picture:
    """A picture to look at.

    Parameters
    ----------
    image : array, shape (slow, fast) or (panels, slow, fast)
        Photons or counts.
    experiment : Experiment, optional
        Where resolution rings and the beam centre are taken from, and how the picture looks where `style` does not say.
    **style
        Keys of ``output.png``: scale, percentiles, range, color_map, rings, beam_cross, max_width, binning.

    Returns
    -------
    Picture
        The bytes of a PNG file; as the last value of a notebook's cell it is shown.

    Raises
    ------
    KeyError
        There is no such key.
    ValueError
        A value is not one that its key allows.
    """
    handle = None if experiment is None else experiment._handle
    return Picture(_bragg.picture(pixels(image), handle, _style(style)))


def _style(style: dict[str, object]) -> dict[str, object]:
    return {f"output.png.{name}": value for name, value in style.items()}
