"""Writes python/bragg/_parts.py, the classes whose keywords are the keys of an experiment, from the program's table of keys.

    python python/tools/make_parts.py
"""

from __future__ import annotations

import importlib.machinery
import importlib.util
import textwrap
from pathlib import Path
from typing import Any

WIDTH = 116
TARGET = Path(__file__).resolve().parents[1] / "bragg" / "_parts.py"

HEAD = '''# tidy: long because the table of keys is one.
"""The parts of an experiment: one keyword for each key of the experiment file.

Made by python/tools/make_parts.py from the program's table of keys; not to be changed by hand.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from bragg._part import Integers, Part, PathName, Quantities, Quantity, Table
from bragg._structure_factors import ReflectionSource
'''

CLASSES = {
    "crystal": ("Crystal", "Part", "The crystal: its cell and orientation, its size and shape, and its structure factors."),
    "crystal.structure_factors": (
        "StructureFactors",
        "ReflectionSource",
        "The structure-factor amplitudes of the unit cell: a file here, or by one of the class methods arrays, objects of gemmi or "
        "reciprocalspaceship, or coordinates.",
    ),
    "beam": ("Beam", "Part", "The incident beam."),
    "detector": ("Detector", "Part", "The detector: one panel by numbers, a known one by name, or a list of panels."),
    "scan": ("Scan", "Part", "The rotation of the crystal during the exposure."),
    "sampling": ("Sampling", "Part", "How finely everything is sampled."),
    "background": ("Background", "Part", "Scattering by what is not the crystal."),
    "noise": ("Noise", "Part", "How photons become counts."),
    "output": ("Output", "Part", "Files that the command line writes, and how pictures look."),
}
# Keys of these tables take the place of the one key that they stand for.
TABLES = {
    "crystal.cell": (
        "Quantities | Table | None",
        "a, b, c (Å), alpha, beta, gamma (deg), of which the first few will do; or some of them by name",
    ),
    "crystal.structure_factors": (
        "StructureFactors | PathName | Table | None",
        "the structure factors, or the name of their file",
    ),
    "crystal.mosaic": ("Table | None", "the mosaic domains, deg"),
    "beam.divergence": ("Table | None", "directions of the beam, mrad"),
    "beam.dispersion": ("Table | None", "spectrum of the beam, as fractions of the wavelength"),
    "detector.sensor": ("Table | None", "the sensor, mm"),
    "detector.panel": ("Sequence[Table] | None", "the panels of a detector that has several, instead of its distance"),
    "output.png": ("Table | None", "how pictures look"),
}
KINDS = {"number": "float", "integer": "int", "bool": "bool", "text": "str", "path": "PathName", "quantity": "Quantity"}
LISTS = {"number": "Quantities", "integer": "Integers", "path": "Sequence[PathName]", "quantity": "Quantities"}


def table_of_keys() -> list[dict[str, Any]]:
    """The program's table, from the extension module alone: the package needs what is made from it."""
    package = importlib.util.find_spec("bragg")
    folders = (package.submodule_search_locations if package else None) or []
    endings = importlib.machinery.EXTENSION_SUFFIXES
    files = [path for folder in folders for ending in endings if (path := Path(folder) / f"_bragg{ending}").is_file()]
    spec = importlib.util.spec_from_file_location("bragg._bragg", files[0])
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    keys: list[dict[str, Any]] = module.keys()
    return keys


def annotation(key: dict[str, Any]) -> str:
    if key["kind"] == "word":
        return "Literal[" + ", ".join(f'"{word}"' for word in key["words"]) + "] | None"
    one, several = KINDS[key["kind"]], LISTS.get(key["kind"], "")
    if key["count"] == 1:
        return f"{one} | None"
    if key["count"] > 1:
        return f"{several} | None"
    return f"{one} | {several} | None"


def described(key: dict[str, Any]) -> str:
    count = {1: "", 0: " or several"}.get(key["count"], f"{abs(key['count'])} values")
    if key["count"] < -1:
        count = f" or {abs(key['count'])} values"
    words = [key["unit"], count.strip()]
    return ", ".join(word for word in words if word)


def sentence(text: str) -> str:
    # a list of symbols keeps its small letters: a, b and c are edges, A is a matrix
    symbols = text[1:2] == ","
    return (text[0] if symbols else text[0].upper()) + text[1:].rstrip(".") + "."


def rows(table: str, keys: list[dict[str, Any]]) -> list[tuple[str, str, str, str]]:
    """Name, annotation, type in words and meaning of the keywords of a class."""
    found: dict[str, tuple[str, str, str, str]] = {}
    for key in keys:
        if not key["name"].startswith(table + "."):
            continue
        name = key["name"][len(table) + 1 :].split(".")[0].removesuffix("[]")
        full = f"{table}.{name}"
        if full in TABLES:
            kind, what = TABLES[full]
            inner = [
                k["name"].removeprefix(full).lstrip("[].") for k in keys if k["name"].startswith((full + ".", full + "["))
            ]
            if name in ("structure_factors", "cell"):
                meaning = sentence(what)
            else:
                meaning = sentence(what) + " Keys: " + ", ".join(f"``{k}``" for k in inner) + "."
            found[name] = (name, kind, kind.removesuffix(" | None"), meaning)
            continue
        unit = described(key)
        kind = annotation(key)
        in_words = kind.removesuffix(" | None") + (f" ({unit})" if unit else "")
        found[name] = (name, kind, in_words, f"{sentence(key['help'])} When not given: {key['default']}.")
    return list(found.values())


def class_text(table: str, keys: list[dict[str, Any]]) -> str:
    name, base, summary = CLASSES[table]
    fields = rows(table, keys)
    lines = ["", "", f"class {name}({base}):"]

    def prose(text: str, indent: str) -> list[str]:
        text = text.replace("\\", "\\\\")
        return textwrap.wrap(
            text, WIDTH, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False, break_long_words=False
        )

    first, *rest = prose('"""' + summary, "    ")
    lines += [first, *rest, "", "    Parameters", "    ----------"]
    for field, _, in_words, meaning in fields:
        lines += [f"    {field} : {in_words}, optional", *prose(meaning, "        ")]
    lines += ["", "    Raises", "    ------", "    ValueError", "        A value is not one that its key allows."]
    lines += ["    TypeError", "        There is no such keyword, or its value is of another type.", '    """', ""]
    lines += [f'    _table = "{table}"', "    __slots__ = ()", "", "    def __init__(", "        self,", "        *,"]
    lines += [f"        {field}: {kind} = None," for field, kind, _, _ in fields]
    lines += ["    ) -> None:", "        super().__init__("]
    lines += [f"            {field}={field}," for field, *_ in fields]
    lines += ["        )"]
    return "\n".join(lines)


def text(keys: list[dict[str, Any]]) -> str:
    """The text of the module."""
    classes = [class_text(table, keys) for table in CLASSES]
    return HEAD + "\n".join(classes) + "\n"


if __name__ == "__main__":
    TARGET.write_text(text(table_of_keys()), encoding="utf-8")
