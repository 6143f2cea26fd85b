"""Experiments."""

from __future__ import annotations

import os
import warnings
from typing import TYPE_CHECKING, TypeVar, Union, cast

from bragg import _bragg
from bragg._derivatives import Differentiable
from bragg._images import BraggWarning, Picture, picture, pixels, warn_of_uncounted, window
from bragg._part import Part, PathName, Table, flatten
from bragg._parts import (
    Background,
    Beam,
    Crystal,
    Detector,
    Noise,
    Output,
    Sampling,
    Scan,
    StructureFactors,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    import numpy as np
    import numpy.typing as npt

    from bragg._images import Pixels

    Image = npt.NDArray[np.floating[Any]]

PartOrTable = Union[Part, Table]
_P = TypeVar("_P", bound=Part)

# An image with fewer terms in all its sums is made for a notebook without being asked for.
_TERMS_TO_SHOW = 1e8


class Experiment(Differentiable):
    """A complete experiment: everything that an image depends on.

    It is checked when it is made, and never changes; `replace` gives another one. Values have the dotted names of experiment
    files, such as ``detector.distance``, and their units: Å, mm, degrees, eV, seconds.

    Parameters
    ----------
    crystal : Crystal
        The crystal and its structure factors.
    beam : Beam
        The incident beam.
    detector : Detector
        The detector.
    scan : Scan, optional
        The rotation during the exposure; a still when not given.
    sampling : Sampling, optional
        How finely everything is sampled.
    background : Background, optional
        Scattering by what is not the crystal.
    noise : Noise, optional
        How photons become counts in `record`.
    output : Output, optional
        How pictures look.
    values : mapping, optional
        Single values by dotted name, beside those of the parts.

    Raises
    ------
    KeyError
        There is no key of that name.
    ValueError
        A value is missing, is not allowed, or contradicts another; the message names the key.
    OSError
        A file cannot be read.

    Examples
    --------
    >>> import bragg
    >>> exp = bragg.Experiment(
    ...     bragg.Crystal(cell=[78, 78, 38], n_cells=10, structure_factors={"default": 100}),
    ...     bragg.Beam(wavelength=1.0),
    ...     bragg.Detector(distance=100, pixels=[128, 128], pixel_size=0.2),
    ... )
    >>> exp.simulate().shape
    (128, 128)
    >>> exp.replace(**{"crystal.cell.a": 79.2})["crystal.cell.a"]
    79.2
    """

    __slots__ = ("__weakref__", "_handle")

    _handle: _bragg.Experiment

    def __init__(
        self,
        crystal: Crystal | Table | None = None,
        beam: Beam | Table | None = None,
        detector: Detector | Table | None = None,
        scan: Scan | Table | None = None,
        *,
        sampling: Sampling | Table | None = None,
        background: Background | Table | None = None,
        noise: Noise | Table | None = None,
        output: Output | Table | None = None,
        values: Table | None = None,
    ) -> None:
        parts: dict[str, PartOrTable | None] = {
            "crystal": crystal,
            "beam": beam,
            "detector": detector,
            "scan": scan,
            "sampling": sampling,
            "background": background,
            "noise": noise,
            "output": output,
        }
        plain, reflections = flatten({**parts, **(values or {})})
        self._handle = _bragg.Experiment(plain, reflections)
        self._warn()

    @classmethod
    def from_toml(cls, source: PathName) -> Experiment:
        """An experiment from an experiment file, or from its text.

        Parameters
        ----------
        source : str or path
            A file; or text, which has a line break or an equals sign in it.

        Returns
        -------
        Experiment

        Raises
        ------
        OSError
            The file cannot be read.
        ValueError
            It is no experiment file; the message names file, line and key.
        """
        if isinstance(source, str) and ("\n" in source or "=" in source):
            return cls._of(_bragg.Experiment.from_text(source))._warn()
        return cls._of(_bragg.Experiment.from_file(os.fspath(source)))._warn()

    @classmethod
    def from_crystal(cls, path: PathName, values: Table | None = None) -> Experiment:
        """An experiment for somebody who has nothing but a crystal: half a degree on an Eiger.

        Parameters
        ----------
        path : str or path
            Coordinates (PDB or mmCIF) or structure factors with a cell, compressed or not.
        values : mapping, optional
            Values by dotted name; the rest goes with them.

        Returns
        -------
        Experiment
            `origin` says why a value was chosen.

        Raises
        ------
        OSError
            The file cannot be read.
        ValueError
            It is of another kind, or has no cell.
        """
        return cls._of(_bragg.Experiment.from_crystal(os.fspath(path), flatten(values or {})[0]))._warn()

    @classmethod
    def from_nanobragg_args(cls, args: str | Sequence[PathName]) -> Experiment:
        """The experiment that nanoBragg's command line describes.

        Parameters
        ----------
        args : str or sequence of str
            The words behind the program's name; one text is split as a shell would. Files are looked for in the current folder.

        Returns
        -------
        Experiment

        Raises
        ------
        OSError
            A file cannot be read.
        ValueError
            The options cannot be understood or do not describe an experiment.

        Examples
        --------
        >>> import bragg
        >>> exp = bragg.Experiment.from_nanobragg_args(
        ...     "-cell 78 78 38 90 90 90 -default_F 100 -N 10 -lambda 1 -distance 100 -detpixels 64"
        ... )
        >>> exp["detector.distance"]
        100.0
        """
        if isinstance(args, str):
            import shlex

            args = shlex.split(args)
        return cls._of(_bragg.Experiment.from_nanobragg_args([os.fspath(word) for word in args]))._warn()

    @classmethod
    def _of(cls, handle: _bragg.Experiment) -> Experiment:
        experiment = cls.__new__(cls)
        experiment._handle = handle
        return experiment

    def _warn(self) -> Experiment:
        for notice in self._handle.notices:
            warnings.warn(notice, BraggWarning, stacklevel=3)
        return self

    def to_toml(self) -> str:
        """The complete experiment as an experiment file, with the origin of every value; it gives the same image again.

        Returns
        -------
        str
            The text. Reflections that came from arrays are not in it: its first line then says so.
        """
        text = self._handle.to_toml()
        if self._handle.in_memory:
            text = "# Without the structure factors, which were given as arrays.\n" + text
        return text

    def replace(self, **values: object) -> Experiment:
        """The same experiment with other values.

        Parameters
        ----------
        **values
            Values by dotted name, or parts by the names of the constructor; ``None`` takes a value back. Another way to say the
            same thing (an energy instead of a wavelength) replaces the earlier one. What follows from a value (the number of
            sub-pixels, say) follows anew. Parameters that are no keys, such as ``crystal.orientation.x``, move last, as `shift`
            moves them.

        Returns
        -------
        Experiment

        Raises
        ------
        KeyError
            There is no key of that name.
        ValueError
            A value is not allowed, or contradicts another.

        Notes
        -----
        Structure factors of a list are read again only when a key of theirs changes; those of a model are calculated again where
        that matters.
        """
        plain, reflections = flatten(values)
        moves = {name: plain.pop(name) for name in [*plain] if self._moves(name, plain[name])}
        other = self._of(self._handle.replace(plain, reflections)) if plain or reflections else self
        return other.shift(cast("Any", moves)) if moves else other

    def _moves(self, name: str, value: object) -> bool:
        """Whether a new value of this name moves what is there, since no key says it, or others say it already."""
        is_number = value is not None and not isinstance(value, str)
        if name.startswith("crystal.cell."):
            return is_number and self._handle.says("crystal.real_space_a")
        if name == "detector.distance" and is_number:
            return self._handle.is_refined("detector.panel[0].origin")
        return _bragg.is_parameter_alone(name)

    def __getitem__(self, name: str) -> Any:
        """A value by its dotted name, in its unit; of a table, a dictionary of the values in it. ``None`` where there is none.

        It does not matter how the experiment was described: a crystal in a random orientation has its ``crystal.a_matrix``, too.
        """
        return self._handle.get(name)

    def origin(self, name: str) -> str | None:
        """Where the value of a name came from, in words; ``None`` where there is no value.

        Parameters
        ----------
        name : str
            The dotted name.

        Raises
        ------
        KeyError
            There is no key of that name.
        """
        return self._handle.origin(name)

    def to_dict(self) -> dict[str, Any]:
        """Every value of the complete experiment by its dotted name."""
        return self._handle.complete()

    @property
    def notices(self) -> list[str]:
        """What one should know about the experiment although nothing is wrong."""
        return self._handle.notices

    @property
    def cell(self) -> tuple[float, float, float, float, float, float]:
        """The unit cell a, b, c (Å), alpha, beta, gamma (deg), however it was given."""
        return self._handle.cell

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the image: (slow, fast), or (panels, slow, fast).

        Raises
        ------
        ValueError
            The panels differ in size.
        """
        sizes = self._handle.panel_sizes
        if len(sizes) == 1:
            return sizes[0]
        if any(size != sizes[0] for size in sizes):
            raise ValueError("the panels differ in size, which an array cannot hold; simulate_panels gives one for each")
        return (len(sizes), *sizes[0])

    def _part(self, kind: type[_P]) -> _P:
        prefix = kind._table + "."
        values = {name[len(prefix) :]: value for name, value in self._handle.given().items() if name.startswith(prefix)}
        holds = kind._table.startswith("crystal") and self._handle.in_memory
        return kind._of(values, self._handle.reflections if holds else None)

    @property
    def crystal(self) -> Crystal:
        """What was given of the crystal."""
        return self._part(Crystal)

    @property
    def structure_factors(self) -> StructureFactors:
        """What was given of the structure factors; its `hkl` and `amplitudes` are there also where they were read from a file."""
        part = self._part(StructureFactors)
        return StructureFactors._of(part._values, self._handle.reflections)

    @property
    def beam(self) -> Beam:
        """What was given of the beam."""
        return self._part(Beam)

    @property
    def detector(self) -> Detector:
        """What was given of the detector."""
        return self._part(Detector)

    @property
    def scan(self) -> Scan:
        """What was given of the scan."""
        return self._part(Scan)

    def simulate(
        self,
        threads: int | None = None,
        roi: Sequence[int] | None = None,
        progress: Callable[[int, int], object] | None = None,
        dtype: npt.DTypeLike | None = None,
    ) -> Image:
        """The image: expected photons per pixel, without noise.

        Parameters
        ----------
        threads : int, optional
            Threads to compute with, at most; as many as the system allows this process when not given. The image does not
            depend on them.
        roi : four ints, optional
            First and last pixel along fast, first and last along slow, ends included; the others stay 0.
        progress : callable, optional
            Called now and then with the number of pixels that are done and that of all; an exception from it stops the
            simulation.
        dtype : float32 or float64, optional
            In what the sum of each pixel, computed in double, is kept; float32 when not given, as in files.

        Returns
        -------
        ndarray, shape (slow, fast) or (panels, slow, fast)
            Photons per pixel.

        Raises
        ------
        KeyboardInterrupt
            Ctrl-C.
        ValueError
            An argument cannot be used, the panels differ in size, or the image does not fit into memory.

        Notes
        -----
        Other Python threads run meanwhile.
        """
        return cast("Image", self._simulate(threads, roi, progress, dtype, False))

    def simulate_panels(
        self,
        threads: int | None = None,
        roi: Sequence[int] | None = None,
        progress: Callable[[int, int], object] | None = None,
        dtype: npt.DTypeLike | None = None,
    ) -> list[Image]:
        """As `simulate`, with an array for each panel, which may differ in size.

        Returns
        -------
        list of ndarray, shape (slow, fast)
            Photons per pixel.
        """
        return cast("list[Image]", self._simulate(threads, roi, progress, dtype, True))

    def _simulate(self, threads: Any, roi: Any, progress: Any, dtype: Any, as_list: bool) -> object:
        handle = self._handle
        region = window(roi)
        if region is not None:
            handle = handle.window(region)
        return handle.simulate(threads, progress, _is_double(dtype), as_list)

    def record(self, image: npt.ArrayLike) -> Pixels:
        """What the experiment's detector records of an image, by its keys of ``noise``.

        Parameters
        ----------
        image : array, shape (slow, fast) or (panels, slow, fast)
            Expected photons per pixel.

        Returns
        -------
        ndarray
            Counts as int32 where there is Poisson noise, else as float32. Pixels that are negative or no number get the count -1,
            with a `BraggWarning`.
        """
        photons = pixels(image, photons=True)
        counts = self._handle.record(photons)
        warn_of_uncounted(photons, counts)
        return counts

    def picture(self, image: npt.ArrayLike | None = None, **style: object) -> Picture:
        """A picture of an image of this experiment, which is simulated unless it is given; see `bragg.picture`."""
        return picture(self.simulate() if image is None else image, self, **style)

    def __repr__(self) -> str:
        return f"<bragg.Experiment: {'; '.join(f'{name} {value}' for name, value in self._facts())}>"

    def _facts(self) -> list[tuple[str, str]]:
        sizes = self._handle.panel_sizes
        pixels = " × ".join(str(n) for n in reversed(sizes[0]))
        if len(sizes) > 1:
            alike = all(size == sizes[0] for size in sizes)
            pixels = f"{len(sizes)} panels" + (f" of {pixels}" if alike else "")
        return [
            ("cell", " ".join(f"{x:.6g}" for x in self.cell) + " (Å, deg)"),
            ("wavelength", f"{self['beam.wavelength']:.6g} Å"),
            ("distance", f"{self['detector.distance']:.6g} mm"),
            ("pixels", pixels),
            ("terms a pixel", str(self._handle.n_steps)),
        ]

    def _repr_html_(self) -> str:
        import base64
        import html

        rows = "".join(f"<tr><th>{name}</th><td>{html.escape(value)}</td></tr>" for name, value in self._facts())
        sizes = self._handle.panel_sizes
        terms = self._handle.n_steps * sum(slow * fast for slow, fast in sizes)
        if terms <= _TERMS_TO_SHOW and len(set(sizes)) == 1:
            data = base64.b64encode(self.picture(max_width=512)).decode("ascii")
            image = f'<img alt="simulated image" src="data:image/png;base64,{data}">'
        else:
            image = "<p>The image is not made unasked: it takes long, or its panels differ in size.</p>"
        return f"<div><b>bragg.Experiment</b><table>{rows}</table>{image}</div>"

    def __reduce__(self) -> tuple[object, ...]:
        entries, reflections, in_memory = self._handle.state()
        return _remade, (type(self), entries, reflections, in_memory)


def _is_double(dtype: object) -> bool:
    if dtype is None:
        return False
    import numpy as np

    known = np.dtype(cast("Any", dtype))
    if known == np.float64 or known == np.float32:
        return bool(known == np.float64)
    raise ValueError(f"dtype: is {known}; it must be float32 or float64")


def _remade(
    cls: type[Experiment],
    entries: list[tuple[str, str, str]],
    reflections: tuple[_bragg.Reflections, bool] | None,
    in_memory: bool,
) -> Experiment:
    return cls._of(_bragg.Experiment.from_state(entries, reflections, in_memory))
