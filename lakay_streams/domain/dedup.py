"""Which events an entity has already counted: a bounded ring of hashes of event ids.

Kafka delivers a record again after a producer's retry or an upstream replay. The ring remembers the last `RING_SIZE`
event ids of one entity as 64-bit hashes laid end to end; the chance that two of 128 ids share a hash is below 1e-15.
"""

from __future__ import annotations

from hashlib import blake2b

RING_SIZE = 128
"""How many event ids an entity remembers."""

HASH_BYTES = 8

_KEPT_BYTES = (RING_SIZE - 1) * HASH_BYTES


def remember(ring: bytes, event_id: str) -> bytes | None:
    """Return the ring with `event_id` added, the oldest id dropped when it is full; None when it was seen before."""
    digest = blake2b(event_id.encode(), digest_size=HASH_BYTES).digest()
    at = ring.find(digest)
    # A hit across the border of two hashes is chance, not a duplicate: look on.
    while at > 0 and at % HASH_BYTES:
        at = ring.find(digest, at + 1)
    if at >= 0:
        return None
    return ring[-_KEPT_BYTES:] + digest
