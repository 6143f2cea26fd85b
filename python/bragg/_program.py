"""The programs `bragg` and `nanoBragg`."""

from __future__ import annotations

import os
import signal
import sys


def _run(name: str) -> int:
    from bragg import _bragg

    # as for any program: the Rust side has handlers of its own where files are being written
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    # the path, for commands that run the program again
    path = os.path.abspath(sys.argv[0])
    is_script = os.path.splitext(os.path.basename(path))[0] == name
    return _bragg.run_cli([path if is_script else name, *sys.argv[1:]])


def bragg() -> int:
    """The program `bragg`."""
    return _run("bragg")


def nanobragg() -> int:
    """The drop-in for nanoBragg."""
    return _run("nanoBragg")
