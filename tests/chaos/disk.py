"""What can happen to a worker's folder: it is lost, its files are damaged, its disk is full."""

from __future__ import annotations

import contextlib
import ctypes
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from random import Random

#: Bytes of the small disk: the files of a worker's databases, and not much more.
SMALL_DISK = 96 << 20

_CLONE_NEWNS = 0x0002_0000

#: RocksDB's files, by what they are.
FAMILIES = {"tables": "*.sst", "manifest": "MANIFEST-*", "current": "CURRENT"}


@contextlib.contextmanager
def small_disk(folder: Path) -> Iterator[bool]:
    """Make `folder` a small disk for this process and its children; tell whether that is allowed here (it takes root).

    Enter it before any thread or child is started: a namespace of mounts is its thread's own, and inherited. However
    the process ends, no mount is left behind; if the block is left, the files stay in the folder.
    """
    folder.mkdir(parents=True, exist_ok=True)
    mounted = (
        ctypes.CDLL(None).unshare(_CLONE_NEWNS) == 0
        and _does("mount", "--make-rprivate", "/")
        and _does("mount", "-t", "tmpfs", "-o", f"size={SMALL_DISK}", "tmpfs", folder)
    )
    try:
        yield mounted
    finally:
        if mounted:
            kept = folder.with_suffix(".kept")
            shutil.copytree(folder, kept)
            if _does("umount", folder):
                folder.rmdir()
                kept.rename(folder)


def _does(*command: str | Path) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


@contextlib.contextmanager
def full(folder: Path) -> Iterator[None]:
    """Leave no byte free on the disk of `folder`, while the block lasts."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file:
        for size in (1 << 20, 4096, 1):
            with contextlib.suppress(OSError):
                while True:
                    file.write(b"\0" * size)
    try:
        yield
    finally:
        filler.unlink()


def lose(folder: Path) -> None:
    """Delete everything in `folder`."""
    for entry in folder.iterdir():
        shutil.rmtree(entry) if entry.is_dir() else entry.unlink()


def corrupt(folder: Path, family: str, rng: Random) -> int:
    """Damage every RocksDB file of `family` below `folder`; return how many."""
    damaged = 0
    for file in sorted(folder.rglob(FAMILIES[family])):
        size = file.stat().st_size
        if size == 0:
            continue
        with file.open("r+b") as opened:
            # A stretch of the middle: headers and footers alone would be found too easily.
            length = max(1, size // 4)
            opened.seek(rng.randrange(size - length + 1))
            opened.write(rng.randbytes(length))
        damaged += 1
    return damaged
