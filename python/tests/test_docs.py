"""What the documentation shows runs."""

from __future__ import annotations

import importlib.util
import re
import shutil
from pathlib import Path

import numpy as np
import pytest

import bragg

PAGES = ["python", "from-nanobragg", "from-simtbx", "from-nanobrag-torch"]


@pytest.mark.parametrize("page", PAGES)
def test_the_snippets_of_a_page_run(page: str, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (root / "docs" / f"{page}.md").read_text(encoding="utf-8")
    snippets = re.findall(r"^```python\n(.*?)^```", text, flags=re.M | re.S)
    assert snippets
    needed = {name for name in ("torch", "jax", "scipy") if f"import {name}" in text or f"bragg.{name}" in text}
    if any(importlib.util.find_spec(name) is None for name in needed):
        pytest.skip(f"needs {', '.join(sorted(needed))}")
    for name in ("lysozyme.mtz", "1a8o.pdb"):
        shutil.copy(root / "examples" / name, tmp_path)
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    for i, snippet in enumerate(snippets):
        # a detector of fewer pixels shows the same
        snippet = snippet.replace('preset="eiger2-4m"', "pixels=[256, 256], pixel_size=0.172")
        exec(compile(snippet, f"{page}.md, snippet {i + 1}", "exec"), names)


def test_the_tables_name_what_there_is(root: Path) -> None:
    text = "".join((root / "docs" / f"{page}.md").read_text(encoding="utf-8") for page in PAGES)
    calls = re.findall(r"`((?:Crystal|Beam|Detector|Scan)\([^`]*\))`", text)
    assert len(calls) > 20
    for call in calls:
        eval(call, {**vars(bragg), "np": np})
