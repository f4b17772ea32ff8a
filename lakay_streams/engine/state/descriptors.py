"""File descriptors of a worker process: RocksDB and Kafka come first, and web pages get what is left.

A process that has none left cannot open a file of RocksDB's or reconnect to a broker. So a worker raises its limit when
it starts, as high as the system lets it, and whoever takes connections from outside asks `connections` how many.
"""

from __future__ import annotations

import resource

from lakay_streams.engine.state.rocksdb import MAX_OPEN_FILES

#: The limit that a worker asks for; systems commonly start processes with 1,024 and allow far more.
WANTED = 65_536

#: Of one database: files of states, and its lock, manifest, log and folders.
PER_DATABASE = MAX_OPEN_FILES + 16

#: Kafka's clients besides the producer of each partition: the group's consumer, global tables, standbys, alerts.
CLIENTS = 8

#: Brokers that each client may be connected to, at least, one connection each and one to a coordinator.
BROKERS = 3

#: Connections from outside that are taken in any case.
LEAST = 4

#: Standard streams, libraries, logs, event loops and threads' pipes.
OTHERS = 64


def raise_limit() -> int:
    """Raise this process's limit of open files towards `WANTED`, and return what it is then."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = WANTED if hard == resource.RLIM_INFINITY else min(WANTED, hard)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return WANTED if soft == resource.RLIM_INFINITY else soft
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return wanted


def reserve(*, tables: int, partitions: int, brokers: int) -> int:
    """Return how many files and connections a worker may need that owns every partition."""
    kafka = (partitions + CLIENTS) * (max(brokers, BROKERS) + 1)
    return tables * partitions * PER_DATABASE + kafka + OTHERS


def connections(most: int, reserved: int) -> int:
    """Return how many connections from outside, of `most` at best, fit beside `reserved` in this process's limit.

    Where it is too low, `LEAST`: whoever asks a worker for its health has to be answered.
    """
    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return most if limit == resource.RLIM_INFINITY else max(LEAST, min(most, limit - reserved))
