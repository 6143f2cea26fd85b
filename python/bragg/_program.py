"""The programs `bragg` and `nanoBragg`."""

from __future__ import annotations

import signal
import sys


def _run(name: str) -> int:
    from bragg import _bragg

    # as for any program: the Rust side has handlers of its own where files are being written
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    return _bragg.run_cli([name, *sys.argv[1:]])


def bragg() -> int:
    """The program `bragg`."""
    return _run("bragg")


def nanobragg() -> int:
    """The drop-in for nanoBragg."""
    return _run("nanoBragg")
