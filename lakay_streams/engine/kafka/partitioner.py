"""Which partition a key belongs to: Kafka's default partitioner (murmur2), as every stock producer computes it.

A table may keep many records of one entity. Their keys are the entity's and a name, joined by `OF`, and lie where the
entity's own key does, whoever asks: workers, the growing of topics, and the pages.
"""

from __future__ import annotations

from functools import lru_cache

from aiokafka.partitioner import murmur2

OF = "\x1f"
"""ASCII's unit separator: it stands in no identifier, and one that has it is told apart by what follows the last."""

_OF = OF.encode()


def key_of(entity: str, name: str) -> str:
    """Return the key of the entity's record called `name`, which must not contain `OF`."""
    return f"{entity}{OF}{name}"


def partition_of(key: bytes, partitions: int) -> int:
    """Return the partition of `key` among `partitions`: that of the entity whose record it is."""
    return _hashed(key.partition(_OF)[0] if _OF in key else key, partitions)


@lru_cache(maxsize=65_536)
def _hashed(entity: bytes, partitions: int) -> int:
    # Cached, because the hash is pure Python and takes ten times as long as the look-up.
    hashed: int = murmur2(entity)
    return (hashed & 0x7FFFFFFF) % partitions
