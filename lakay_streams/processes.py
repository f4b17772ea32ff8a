"""What parent and child processes of this project agree on."""

from __future__ import annotations

import ctypes
import signal
import sys

#: Exit code with which a worker asks to be started again (EX_SOFTWARE).
EXIT_RESTART = 70

_PR_SET_PDEATHSIG = 1
#: Loaded here: between fork and exec a child must not import or allocate more than it has to.
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


def die_with_parent(number: signal.Signals = signal.SIGKILL) -> None:
    """For a `Popen`'s `preexec_fn`: ask Linux to end the child by signal when its parent dies, however it dies."""
    if _libc is not None:
        _libc.prctl(_PR_SET_PDEATHSIG, number)
