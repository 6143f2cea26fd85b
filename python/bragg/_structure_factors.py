"""Structure factors that are not in a file of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, cast

from bragg import _bragg
from bragg._part import Part

if TYPE_CHECKING:
    from collections.abc import Sequence
    import numpy as np
    import numpy.typing as npt

    from typing_extensions import Self


class _Mtz(Protocol):
    def write_to_bytes(self) -> bytes: ...


class _Document(Protocol):
    def as_string(self) -> str: ...


class _Structure(Protocol):
    def make_mmcif_document(self) -> _Document: ...


class _DataSet(Protocol):
    def to_gemmi(self) -> _Mtz: ...


class ReflectionSource(Part):
    """The ways to structure factors besides the name of a file."""

    __slots__ = ()

    @classmethod
    def from_arrays(
        cls,
        hkl: npt.ArrayLike,
        amplitudes: npt.ArrayLike,
        *,
        cell: Sequence[float] | None = None,
        space_group: str | int | None = None,
        default: float | None = None,
        interpolation: str | None = None,
    ) -> Self:
        """Structure factors from arrays.

        Parameters
        ----------
        hkl : array of int, shape (n, 3)
            Miller indices h, k, l.
        amplitudes : array, shape (n,)
            \\|F\\| in electrons, not negative; of complex numbers the absolute value is taken. A later entry overrides an earlier
            one of the same reflection.
        cell : six floats, optional
            a, b, c (Å), alpha, beta, gamma (deg): the crystal's cell where the crystal is given none.
        space_group : str or int, optional
            Name or number of the space group whose symmetry mates and Friedel mates are added. Without it the list is taken as
            it is: in P1, every mate that matters listed.
        default : float, optional
            \\|F\\| of reflections that are not listed; 0 when not given.
        interpolation : {"nearest", "tricubic", "auto"}, optional
            How \\|F\\| is read between reflections.

        Returns
        -------
        StructureFactors

        Raises
        ------
        ValueError
            Shapes do not fit, indices are no whole numbers, an amplitude is negative or no number, or there is no such space
            group.
        """
        import numpy as np

        indices = np.asarray(hkl)
        if indices.dtype.kind not in "iuf" or indices.ndim != 2:
            raise ValueError(
                f"hkl: has the type {indices.dtype} and {indices.ndim} dimensions; it must be whole numbers of the shape (n, 3)"
            )
        whole = indices.astype(np.int64, copy=False)
        if indices.dtype.kind == "f" and not np.array_equal(whole, indices):
            raise ValueError("hkl: has numbers that are not whole; Miller indices are")
        values = np.asarray(amplitudes)
        if values.dtype.kind not in "iufc" or values.ndim != 1:
            raise ValueError(
                f"amplitudes: has the type {values.dtype} and {values.ndim} dimensions; it must be numbers of the shape (n,)"
            )
        if values.dtype.kind == "c":
            values = np.abs(values)
        edges = None if cell is None else [float(x) for x in cell]
        if edges is not None and len(edges) != 6:
            raise ValueError(f"cell: has {len(edges)} values; it must be a, b, c (Å), alpha, beta, gamma (deg)")
        name = None if space_group is None else str(space_group)
        reflections = _bragg.Reflections(whole, values.astype(np.float64), edges, name)
        return cls._with(reflections, default, interpolation)

    @classmethod
    def from_gemmi(
        cls,
        source: object,
        *,
        column: str | None = None,
        d_min: float | None = None,
        solvent: bool = True,
        energy: float | None = None,
        default: float | None = None,
        interpolation: str | None = None,
    ) -> Self:
        """Structure factors from an object of gemmi: merged data, or atoms.

        Parameters
        ----------
        source : gemmi.Mtz or gemmi.Structure
            Merged data, which is expanded by its symmetry; or a structure with its cell and space group, whose amplitudes are
            calculated from its atoms (first model).
        column : str, optional
            Label of the column with F or I, of data; the obvious one when not given.
        d_min : float, optional
            The resolution in Å to which amplitudes are calculated; a structure needs it.
        solvent : bool
            Whether bulk solvent fills the cell between the atoms of a structure.
        energy : float, optional
            Photon energy in eV, at which the atoms of a structure have dispersion; without it they have none.
        default, interpolation : optional
            As in `from_arrays`.

        Returns
        -------
        StructureFactors

        Raises
        ------
        TypeError
            The object is of another kind.
        ValueError
            There is no such column, or the data or atoms cannot be used.
        """
        if hasattr(source, "write_to_bytes"):
            data = cast(_Mtz, source).write_to_bytes()
            return cls._with(_bragg.Reflections.from_mtz(bytes(data), "the gemmi.Mtz", column), default, interpolation)
        if hasattr(source, "make_mmcif_document"):
            if d_min is None:
                raise ValueError("d_min: is missing; it is the resolution in Å to which amplitudes are calculated from atoms")
            text = cast(_Structure, source).make_mmcif_document().as_string()
            reflections = _bragg.Reflections.from_coordinates(text.encode(), "the gemmi.Structure.cif", d_min, solvent, energy)
            return cls._with(reflections, default, interpolation)
        raise TypeError(f"source: is of type {type(source).__name__}; it must be a gemmi.Mtz or a gemmi.Structure")

    @classmethod
    def from_dataset(
        cls,
        data: object,
        *,
        column: str | None = None,
        default: float | None = None,
        interpolation: str | None = None,
    ) -> Self:
        """Structure factors from a data set of reciprocalspaceship.

        Parameters
        ----------
        data : reciprocalspaceship.DataSet
            Merged data with its cell and space group.
        column, default, interpolation : optional
            As in `from_gemmi`.

        Returns
        -------
        StructureFactors

        Raises
        ------
        TypeError
            The object is of another kind.
        ValueError
            There is no such column, or the data cannot be used.
        """
        if not hasattr(data, "to_gemmi"):
            raise TypeError(f"data: is of type {type(data).__name__}; it must be a reciprocalspaceship.DataSet")
        mtz = cast(_DataSet, data).to_gemmi()
        return cls.from_gemmi(mtz, column=column, default=default, interpolation=interpolation)

    @classmethod
    def _with(cls, reflections: _bragg.Reflections, default: float | None, interpolation: str | None) -> Self:
        checked = _bragg.check({cls._table: {"default": default, "interpolation": interpolation}})
        return cls._of({name[len(cls._table) + 1 :]: value for name, value in checked.items()}, reflections)

    def _list(self) -> _bragg.Reflections:
        if self._reflections is None:
            raise ValueError(
                "the reflections are read when an experiment is made of them: take the structure_factors of that experiment"
            )
        return self._reflections

    @property
    def hkl(self) -> npt.NDArray[np.int32]:
        """Miller indices in P1, shape (n, 3).

        Raises
        ------
        ValueError
            There is only the name of a file.
        """
        return self._list().hkl

    @property
    def amplitudes(self) -> npt.NDArray[np.float64]:
        """\\|F\\| in electrons, shape (n,).

        Raises
        ------
        ValueError
            There is only the name of a file.
        """
        return self._list().amplitudes
