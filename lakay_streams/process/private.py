"""Files that their owner alone may read."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def write_private(file: Path, content: bytes) -> None:
    """Write a file that its owner alone may read, also in the place of one that others could. Raises `OSError`."""
    descriptor, scratch = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}-")
    try:
        with os.fdopen(descriptor, "wb") as out:
            out.write(content)
        Path(scratch).replace(file)
    except BaseException:
        Path(scratch).unlink(missing_ok=True)
        raise
