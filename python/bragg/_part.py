"""What all parts of an experiment have in common: they collect keys, which the Rust library checks."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar, Union, cast

from bragg import _bragg

if TYPE_CHECKING:
    from typing import Any

    import numpy as np
    import numpy.typing as npt

    from typing_extensions import Self

    Array = npt.NDArray[np.generic[Any]]

Quantity = Union[float, str]
"""A number in the unit that the documentation names, or text with a unit, as ``"100 mm"``."""
Quantities = Union["Sequence[Quantity]", "Sequence[Sequence[Quantity]]", "Array"]
"""Several such numbers; a matrix is nine numbers by rows, or three lists of three."""
Integers = Union["Sequence[int]", "Array"]
"""Several whole numbers."""
PathName = Union[str, "os.PathLike[str]"]
"""The name of a file."""
Table = Mapping[str, object]
"""Keys of a table and their values."""


class Part(Mapping[str, object]):
    """Keys of one table of an experiment and the values that were given to them, in the unit of each key.

    A part never changes. It is a mapping by name within its table: ``detector["sensor.thickness"]``.
    """

    _table: ClassVar[str]
    __slots__ = ("_reflections", "_values")

    _values: dict[str, object]
    _reflections: _bragg.Reflections | None

    def __init__(self, **values: object) -> None:
        plain, self._reflections = flatten({self._table: values})
        prefix = len(self._table) + 1
        self._values = {name[prefix:]: value for name, value in _bragg.check(plain).items()}

    def replace(self, **values: object) -> Self:
        """The same part with other values; ``None`` takes a value back.

        Parameters
        ----------
        **values
            As the constructor has them.

        Returns
        -------
        Part
            A new part of the same class.
        """
        new = type(self)(**values)
        given = {name for name in values}
        kept = {name: value for name, value in self._values.items() if not _is_in(name, given)}
        new._values = {**kept, **new._values}
        if not any(_is_in("structure_factors", {name}) for name in given):
            new._reflections = self._reflections
        return new

    def __getitem__(self, name: str) -> object:
        if name in self._values:
            return self._values[name]
        table = {key[len(name) + 1 :]: value for key, value in self._values.items() if key.startswith(name + ".")}
        if table:
            return table
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __eq__(self, other: object) -> bool:
        if type(self) is not type(other) or not isinstance(other, Part):
            return NotImplemented
        return self._values == other._values and self._reflections is other._reflections

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        tables = dict.fromkeys(name.split(".")[0].split("[")[0] for name in self._values)
        words = [f"{name}={self._in_words(name)}" for name in tables]
        if self._reflections is not None:
            words.append(f"<{len(self._reflections)} reflections>")
        return f"{type(self).__name__}({', '.join(words)})"

    def _in_words(self, name: str) -> str:
        if name in self._values:
            return repr(self._values[name])
        return repr({key[len(name) :].lstrip("."): v for key, v in self._values.items() if key.startswith(name)})

    def __reduce__(self) -> tuple[object, ...]:
        return _remade, (type(self), self._values, self._reflections)

    @classmethod
    def _of(cls, values: dict[str, object], reflections: _bragg.Reflections | None = None) -> Self:
        part = cls.__new__(cls)
        part._values = values
        part._reflections = reflections
        return part


def _remade(cls: type[Part], values: dict[str, object], reflections: _bragg.Reflections | None) -> Part:
    return cls._of(values, reflections)


def _is_in(name: str, tables: set[str]) -> bool:
    return any(name == table or name.startswith((table + ".", table + "[")) for table in tables)


def flatten(values: Mapping[str, object]) -> tuple[dict[str, object], _bragg.Reflections | None]:
    """Values as plain dictionaries, and the reflections that are among them."""
    plain: dict[str, object] = {}
    reflections = None
    for name, value in values.items():
        if isinstance(value, Part):
            plain[name] = dict(value._values)
            reflections = value._reflections or reflections
        elif isinstance(value, Mapping):
            plain[name], found = flatten(cast(Table, value))
            reflections = found or reflections
        elif name.endswith("structure_factors") and isinstance(value, (str, os.PathLike)):
            plain[name] = {"file": value}
        elif name.endswith("panel") and isinstance(value, Sequence):
            entries = cast("Sequence[object]", value)
            plain[name] = [dict(cast(Table, entry)) if isinstance(entry, Mapping) else entry for entry in entries]
        else:
            plain[name] = value
    return plain, reflections
