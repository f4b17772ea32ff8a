"""The lake in a folder of this machine, for its owner alone.

A file appears whole or not at all: it is written under a name that nobody is shown, synced, and then linked to its own
name, which fails where that is taken.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import mkstemp

from lakay_streams.errors import LakeError
from lakay_streams.lake.names import StoredFile, checked, checked_content, checked_prefix, emptied, in_the_way, missing

UNFINISHED = ".unfinished"
"""Folder of what is being written; what a killed process leaves there is deleted after a day."""

ABANDONED_S = 86_400.0

ABSENT = (FileNotFoundError, NotADirectoryError, IsADirectoryError)
"""There is no file of that name, as object stores see it: no folders, only names with / in them."""


class FolderFiles:
    """The files under one folder, which the first `put` makes."""

    def __init__(self, root: Path) -> None:
        """Keep files under `root`; nothing is read or written yet."""
        self._root = root

    def __str__(self) -> str:
        """Return where the files are, as errors tell it."""
        return f"the folder {self._root}"

    def put(self, path: str, content: bytes) -> None:
        """Store a file; see `Files`."""
        target = self._root / checked(path)
        checked_content(path, content)
        with self._told(path, "written"):
            if not self._is_there(target, content):
                self._make(target.parent)
                unfinished = self._write(content)
                try:
                    os.link(unfinished, target)
                except FileExistsError:
                    if not self._is_there(target, content):
                        raise
                finally:
                    unfinished.unlink(missing_ok=True)
            # Also what was there: who linked it may have died before this.
            _sync(target.parent)

    def get(self, path: str) -> bytes:
        """Return what a file holds; see `Files`."""
        with self._told(path, "read"):
            try:
                content = (self._root / checked(path)).read_bytes()
            except ABSENT:
                raise missing(path, str(self)) from None
        if not content:
            raise emptied(path, str(self))
        return content

    def find(self, prefix: str = "") -> list[StoredFile]:
        """Return the files whose names begin with `prefix`; see `Files`."""
        with self._told(checked_prefix(prefix) or "The lake", "listed"):
            return sorted(self._walk(self._root / prefix.rpartition("/")[0], prefix))

    def delete(self, paths: Iterable[str]) -> None:
        """Delete files; see `Files`."""
        for path in paths:
            with self._told(path, "deleted"):
                target = self._root / checked(path)
                try:
                    target.unlink()
                except ABSENT:
                    continue
                _sync(target.parent)

    def _walk(self, folder: Path, prefix: str) -> Iterator[StoredFile]:
        try:
            entries = list(os.scandir(folder))
        except (FileNotFoundError, NotADirectoryError):
            return
        for entry in entries:
            name = str(Path(entry.path).relative_to(self._root))
            if entry.name.startswith("."):
                continue
            if entry.is_dir(follow_symlinks=False):
                if f"{name}/".startswith(prefix) or prefix.startswith(f"{name}/"):
                    yield from self._walk(Path(entry.path), prefix)
            elif name.startswith(prefix):
                try:
                    yield StoredFile(name, entry.stat().st_size)
                except FileNotFoundError:  # deleted meanwhile
                    continue

    def _is_there(self, target: Path, content: bytes) -> bool:
        """Whether the very content is stored already; raises `LakeError` when other content is."""
        try:
            found = target.read_bytes()
        except FileNotFoundError:
            return False
        if found != content:
            raise in_the_way(str(target.relative_to(self._root)), str(self))
        return True

    def _write(self, content: bytes) -> Path:
        """Write content where nobody is shown it, safe from a power failure."""
        folder = self._root / UNFINISHED
        self._make(folder)
        for left in folder.iterdir():
            with suppress(FileNotFoundError):  # finished, or deleted by another process
                if time.time() - left.stat().st_mtime > ABANDONED_S:
                    left.unlink()
        descriptor, name = mkstemp(dir=folder)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
        return Path(name)

    def _make(self, folder: Path) -> None:
        """Make a folder, and those above it, for their owner alone; each is safe before a file is in it."""
        if folder.is_dir():
            return
        self._make(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)
        _sync(folder.parent)

    @contextmanager
    def _told(self, path: str, done: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise LakeError(
                f"{path} cannot be {done} in {self} ({error.strerror or type(error).__name__}): give the folder space "
                "and this user the right to write there, or set LAKAY_DATA_DIR to another, or DATALAKE_ENDPOINT to S3."
            ) from error


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
