"""Unpacking what a producer has compressed, within a bound, and going on behind what cannot be unpacked.

A compressed batch of a megabyte may be gigabytes of zeros. aiokafka unpacks without a bound, in the consumer's thread:
such a batch would end the process at each start, and one that is damaged would end each fetch. Here and in `internals`

- the four codecs' decoders stop at a bound, in everything of this process that reads Kafka;
- a batch that is too large or cannot be read becomes one `Unreadable` record at its last offset, and reading goes on.
"""

from __future__ import annotations

import gzip
import io
import mmap
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import cramjam
from aiokafka import codec

from lakay_streams.engine.kafka.batch import Record
from lakay_streams.errors import UnreadableError

#: Bytes that a batch may unpack to unless the settings say otherwise: brokers take a megabyte, packed.
UNPACKED_BYTES = 64 << 20

#: Where aiokafka reads batches, in C and in Python; each has taken the decoders' names into its own.
_READERS = tuple(
    f"aiokafka.record.{package}{version}_records" for package in ("", "_crecords.") for version in ("default", "legacy")
)

#: How a stream of snappy blocks begins, as Java's library writes them; what begins otherwise is one block.
_XERIAL = b"\x82SNAPPY\0" + (1).to_bytes(4) + (1).to_bytes(4)

#: What Rust says of an output that is full.
_FULL_SIGN = "failed to write whole buffer"


class UnpackingError(Exception):
    """A batch's records cannot be unpacked; `packed` is what they came in."""

    def __init__(self, reason: str, packed: bytes) -> None:
        """Say why."""
        super().__init__(reason)
        self.packed = packed


class TooLargeError(UnpackingError):
    """A batch's records would be larger than the bound."""


class _FullError(Exception):
    """The bound is reached."""


class Unreadable(Record, frozen=True, gc=False, kw_only=True):
    """A batch of which no record, or none behind those before it, can be read; `value` is what it came in, if known.

    It stands at the batch's last offset. `reason` tells the offsets and what is wrong; `too_large`, that trying again
    would change nothing.
    """

    reason: str
    too_large: bool


def require_readable(records: Iterable[Record]) -> None:
    """Raise `UnreadableError` at a batch that cannot be read, where nothing can go on without it."""
    for record in records:
        if isinstance(record, Unreadable):
            raise UnreadableError(
                f"{record.topic} partition {record.partition} cannot be read, {record.reason}: raise "
                "KAFKA_UNPACKED_MAX_BYTES if our own workers wrote that, else see who else writes to the topic."
            )


def _gzip(packed: bytes, bound: int) -> bytes:
    with gzip.GzipFile(fileobj=io.BytesIO(packed)) as stream:
        unpacked = stream.read(bound + 1)
    if len(unpacked) > bound:
        raise _FullError
    return unpacked


def _snappy(packed: bytes, bound: int) -> bytes:
    # Each block begins with its size, which the decoder keeps to.
    if sum(cramjam.snappy.decompress_raw_len(block) for block in _snappy_blocks(packed)) > bound:
        raise _FullError
    unpacked: bytes = codec.snappy_decode(packed)
    return unpacked


def _snappy_blocks(packed: bytes) -> Iterator[bytes]:
    if len(packed) <= len(_XERIAL) or not packed.startswith(_XERIAL):
        yield packed
        return
    at = len(_XERIAL)
    while at < len(packed):
        end = at + 4 + int.from_bytes(packed[at : at + 4], signed=True)
        if end <= at:
            raise ValueError("a snappy block has no size")
        yield packed[at + 4 : end]
        at = end


def _into(decoder: Any) -> Callable[[bytes, int], bytes]:
    def unpack(packed: bytes, bound: int) -> bytes:
        # Of a mapping only what is written to is taken; a bytearray writes zeros to all of it first.
        with mmap.mmap(-1, bound, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS) as unpacked:
            try:
                size = decoder.decompress_into(packed, unpacked)
            except cramjam.DecompressionError as exc:
                if _FULL_SIGN in str(exc):
                    raise _FullError from None
                raise
            return unpacked[:size]

    return unpack


_DECODERS: dict[str, Callable[[bytes, int], bytes]] = {
    "gzip": _gzip,
    "snappy": _snappy,
    "lz4": _into(cramjam.lz4),
    "zstd": _into(cramjam.zstd),
}


def _bounded(name: str, unpack: Callable[[bytes, int], bytes], bound: int) -> Callable[[Any], bytes]:
    def decode(payload: Any) -> bytes:
        packed = bytes(payload)
        try:
            return unpack(packed, bound)
        except _FullError:
            raise TooLargeError(f"unpacks to more than {bound} bytes ({name}, {len(packed)} packed)", packed) from None
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as exc:  # a panic of Rust's is no Exception
            raise UnpackingError(f"cannot be unpacked ({name}: {exc})", packed) from exc

    return decode


def bound(unpacked_bytes: int) -> None:
    """Have whatever of this process reads Kafka unpack no batch to more than `unpacked_bytes`."""
    for reader in _READERS:
        # A machine without aiokafka's compiled parts reads in Python.
        module = sys.modules.get(reader)
        for name, unpack in _DECODERS.items():
            if hasattr(module, f"{name}_decode"):
                setattr(module, f"{name}_decode", _bounded(name, unpack, unpacked_bytes))
