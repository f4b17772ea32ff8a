"""What parent and child processes of this project agree on."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress

#: Exit code with which a worker asks to be started again (EX_SOFTWARE).
EXIT_RESTART = 70

#: The environment variable that names the pipe on which a supervised process shows that it lives.
HEARTBEAT_FD = "LAKAY_HEARTBEAT_FD"

#: Seconds between two heartbeats.
HEARTBEAT_S = 1.0

_PR_SET_PDEATHSIG = 1
#: Loaded here: between fork and exec a child must not import or allocate more than it has to.
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


def die_with_parent(number: signal.Signals = signal.SIGKILL) -> None:
    """For a `Popen`'s `preexec_fn`: ask Linux to end the child by signal when its parent dies, however it dies."""
    if _libc is not None:
        _libc.prctl(_PR_SET_PDEATHSIG, number)


def heartbeat() -> Callable[[], None]:
    """Return what a supervised process calls every `HEARTBEAT_S` from where it could hang; elsewhere a no-op."""
    named = os.environ.pop(HEARTBEAT_FD, "")
    if not named:
        return lambda: None
    pipe = int(named)
    # What this process starts must not keep the pipe open: its end tells that this process has ended.
    os.set_inheritable(pipe, False)
    os.set_blocking(pipe, False)

    def beat() -> None:
        # Full, or read by nobody: the supervisor is stopped or gone.
        with suppress(OSError):
            os.write(pipe, b".")

    return beat
