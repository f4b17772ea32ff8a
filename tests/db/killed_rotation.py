"""A rotation that is killed (SIGKILL): `python -m tests.db.killed_rotation pii rotate`.

ROTATION_KILL_AT=step:n kills it the n-th time that it comes to the step, one of

    written     rows of one transaction are written, not committed
    committed   they are committed
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from functools import wraps
from typing import Any

from psycopg import AsyncCursor

from lakay_streams import cli
from lakay_streams.db import rotation

#: Small, so that there are many transactions.
CHUNK = 7


def killing_after(method: Callable[..., Any], times: int) -> Callable[..., Any]:
    """Return the method, after whose n-th call the process is killed."""
    left = times

    @wraps(method)
    async def called(*args: Any, **kwargs: Any) -> Any:
        nonlocal left
        result = await method(*args, **kwargs)
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    return called


if __name__ == "__main__":
    vars(rotation)["CHUNK"] = CHUNK
    step, _, number = os.environ["ROTATION_KILL_AT"].partition(":")
    owner, name = (AsyncCursor, "executemany") if step == "written" else (rotation._Rotation, "_chunk")
    setattr(owner, name, killing_after(getattr(owner, name), int(number)))
    cli.main()
