"""What a file of the lake is called, and what `find` tells of it."""

from __future__ import annotations

import re
from typing import NamedTuple

from lakay_streams.errors import LakeError

_PART = r"[A-Za-z0-9_][A-Za-z0-9._=+-]*"
_NAME = re.compile(rf"{_PART}(/{_PART})*")

MAX_NAME = 1024
"""Bytes of a name that S3 takes."""


class StoredFile(NamedTuple):
    """A file that is in the lake: its name, and its size in bytes."""

    path: str
    size: int


def checked(path: str) -> str:
    """Return a name that every store takes as it is; raises `LakeError` for another.

    No part begins with a dot: such are files that a folder does not show.
    """
    if len(path) > MAX_NAME or not _NAME.fullmatch(path):
        raise LakeError(
            f"{path!r} is no name of a file in the lake: use parts of letters, digits and ._=+- that begin with a "
            f"letter, a digit or _, with / between them, {MAX_NAME} in all."
        )
    return path


def checked_prefix(prefix: str) -> str:
    """Return what names can begin with, "" included; raises `LakeError` for other text."""
    checked(f"{prefix}_")
    return prefix


def checked_content(path: str, content: bytes) -> bytes:
    """Return what may be stored; an empty file is none, since readers skip it without a word."""
    if not content:
        raise LakeError(f"{path} would be an empty file, which readers take for none: store what has content.")
    return content


def in_the_way(path: str, place: str) -> LakeError:
    """Return the error of who would store other content under a name that is taken."""
    return LakeError(
        f"{path} is in {place} already, with other content, and was left as it is: store the new content under a name "
        "of its own."
    )


def missing(path: str, place: str) -> LakeError:
    """Return the error of who reads what is not there."""
    return LakeError(f"{path} is not in {place}: run `lakay lake verify` to see what else is missing.")


def emptied(path: str, place: str) -> LakeError:
    """Return the error of who reads a file without content, which nothing of ours stores."""
    return LakeError(f"{path} in {place} was emptied by another program: restore it from a backup.")
