"""One RocksDB database: one partition of one table.

Faust's store opens databases lazily and closes them when the garbage collector finds them, which leaves their lock held
after a rebalance (faust-streaming issues 91, 92 and 96). This one is opened and closed by its owner.
"""

from __future__ import annotations

import contextlib
import shutil
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import structlog
from faust.stores.rocksdb import Store
from rocksdict import BlockBasedOptions, Cache, Options, Rdict, RdictIter, WriteBatch, WriteBufferManager, WriteOptions

from lakay_streams.errors import StoreError

log = structlog.get_logger()

#: Bytes of RocksDB's memory in a process, whatever the number of tables and partitions: blocks read, with indexes and
#: filters, and of these at most `WRITE_BUFFER_BYTES` for what is not yet in files. Faust's default is 2 GiB of block
#: cache for every partition of every table.
MEMORY_BYTES = 128 << 20
WRITE_BUFFER_BYTES = 64 << 20

#: Bytes of changes that one database holds in memory before it writes a file.
MEMTABLE_BYTES = 8 << 20

#: Seconds in which deletions are made durable at least, unless the worker dies; the changelog keeps them for a day.
FLUSH_EVERY_S = 600.0

_CACHE = Cache(MEMORY_BYTES)
_WRITE_BUFFERS = WriteBufferManager.new_write_buffer_manager_with_cache(WRITE_BUFFER_BYTES, False, _CACHE)

#: Without RocksDB's own log: the changelog is one, written before and with the same states.
WITHOUT_LOG = WriteOptions()
WITHOUT_LOG.disable_wal = True  # type: ignore[method-assign,assignment]  # a property, which the stubs take for a method

#: Files of states that one database keeps open.
MAX_OPEN_FILES = 256

#: A filter of so many bits a key spares 99% of the reads for keys that are not there: every new user's first event.
BLOOM_BITS = 10


Change = tuple[bytes, bytes | None]
"""A key and its new value; None deletes it."""

#: What RocksDB says of a database whose files are changed or missing.
DAMAGE = ("Corruption", "No such file", "checksum", "Bad table magic number")

#: RocksDB's log format, which its manifest is in: blocks of records, each behind its checksum, length and kind.
_BLOCK_BYTES = 32 << 10
_HEADER_BYTES = 7
_WHOLE, _LAST = 1, 4


@contextlib.contextmanager
def _as_store_error(path: Path, action: str) -> Iterator[None]:
    try:
        yield
    except Exception as exc:  # rocksdict raises bare exceptions
        if any(sign in str(exc) for sign in DAMAGE):
            # On disk, so that whoever opens it next knows, also after a restart.
            _damaged(path).touch()
        raise StoreError(f"cannot {action} the state in {path.parent.name}/{path.name}: {exc}") from exc


def _damaged(path: Path) -> Path:
    return path.with_suffix(".damaged")


def _manifest_is_cut(path: Path) -> bool:
    """Return whether the database's manifest does not end with the end of a record.

    RocksDB takes a record that is longer than the rest of the file for one never finished, and zeros for the end of a
    block, and goes on without them. If a header is damaged, it may forget files that way and still know later ones:
    the offset is right, and states are older than it says.
    """
    try:
        manifest = (path / (path / "CURRENT").read_text().strip()).read_bytes()
    except (OSError, ValueError):
        return False  # New, or what RocksDB notices.
    at, kind = 0, 0
    while at < len(manifest):
        left = _BLOCK_BYTES - at % _BLOCK_BYTES
        if left < _HEADER_BYTES:
            at += left
            continue
        header = manifest[at : at + _HEADER_BYTES].ljust(_HEADER_BYTES, b"\0")
        size, kind = _HEADER_BYTES + int.from_bytes(header[4:6], "little"), header[6]
        if kind == 0 or size > left:
            return True
        at += size
    return at != len(manifest) or kind not in (_WHOLE, _LAST)


def _options() -> Options:
    files = BlockBasedOptions()
    files.set_block_cache(_CACHE)
    files.set_bloom_filter(BLOOM_BITS, block_based=False)
    # Otherwise they lie outside the cache, and grow with the number of keys.
    files.set_cache_index_and_filter_blocks(True)
    files.set_pin_l0_filter_and_index_blocks_in_cache(True)
    options = Options(raw_mode=True)
    options.create_if_missing(True)
    options.set_block_based_table_factory(files)
    options.set_write_buffer_manager(_WRITE_BUFFERS)
    options.set_write_buffer_size(MEMTABLE_BYTES)
    options.set_max_write_buffer_number(2)
    options.set_target_file_size_base(16 << 20)
    options.set_max_open_files(MAX_OPEN_FILES)
    return options


def memory() -> int:
    """Return the bytes that RocksDB holds in this process for blocks, indexes, filters and write buffers."""
    return _CACHE.get_usage()


class _Cursor:
    """The one reference to an iterator of RocksDB's, which holds the database's lock for as long as there is any.

    Whatever keeps a generator or its frame alive (an exception's traceback does) refers to this, and not to RocksDB.
    """

    def __init__(self, db: Rdict) -> None:
        """Stand before the first entry."""
        self._entries: RdictIter | None = db.iter()

    @property
    def entries(self) -> RdictIter:
        """The iterator; asked for at each step, so that no frame keeps it."""
        if self._entries is None:
            raise RuntimeError("the store was closed while its items were read")
        return self._entries

    def release(self) -> None:
        """Let RocksDB's iterator go."""
        self._entries = None


class PartitionStore:
    """The database of one partition of a table, with the changelog offset it reflects.

    A write is atomic and carries the offset, so values and offset never disagree. There is no write-ahead log: the
    changelog is one. A worker that dies leaves an older consistent database, and the changelog brings it forward.
    """

    #: Where Faust keeps the offset too, so that its tools read these databases.
    OFFSET_KEY = Store.offset_key

    def __init__(self, path: Path) -> None:
        """Name the database at `path`; `open` opens it."""
        self.path = path
        self._db: Rdict | None = None
        self._cursors: set[_Cursor] = set()
        self._deleted = False
        self._flush_due = 0.0

    @property
    def db(self) -> Rdict:
        """The open database."""
        if self._db is None:
            raise RuntimeError(f"the store at {self.path.name} is closed; open it before use")
        return self._db

    def open(self) -> None:
        """Open the database, making it and its folders when they do not exist.

        A damaged one is made anew: its changelog has everything.
        """
        self.path.parent.mkdir(parents=True, exist_ok=True)
        if _manifest_is_cut(self.path):
            _damaged(self.path).touch()
        if _damaged(self.path).exists():
            self._remove()
        try:
            self._open()
        except StoreError:
            if not _damaged(self.path).exists():
                raise
            self._remove()
            self._open()

    def _remove(self) -> None:
        log.warning("store_rebuilt", table=self.path.parent.name, store=self.path.name)
        shutil.rmtree(self.path, ignore_errors=True)
        _damaged(self.path).unlink()

    def _open(self) -> None:
        with _as_store_error(self.path, "open"):
            self._db = Rdict(str(self.path), options=_options())

    def close(self) -> None:
        """Close the database and release its lock at once, whoever still reads its items."""
        while self._cursors:
            self._cursors.pop().release()
        db, self._db = self._db, None
        if db is None:
            return
        try:
            db.close()
        except Exception as exc:  # rocksdict raises bare exceptions
            # A full disk or a damaged file; the lock is released all the same, and the changelog has everything.
            log.warning("store_close_failed", table=self.path.parent.name, store=self.path.name, error=str(exc))

    def wipe(self) -> None:
        """Delete everything in the database, for a rebuild from the changelog's beginning."""
        self.close()
        shutil.rmtree(self.path, ignore_errors=True)
        self.open()

    def get(self, key: bytes) -> bytes | None:
        """Return the value of `key`, or None."""
        db = self.db
        try:
            value: bytes | None = db.get(key)
        except Exception as exc:  # a block of `with` costs more than the read of a key that is not there
            with _as_store_error(self.path, "read"):
                raise exc from None
        return value

    def write(self, changes: Iterable[Change], offset: int) -> int:
        """Apply `changes` and the changelog `offset` of the last of them, all or nothing.

        Returns the bytes written.
        """
        batch = WriteBatch(raw_mode=True)
        deletes = False
        for key, value in changes:
            if value is None:
                batch.delete(key)
                deletes = True
            else:
                batch.put(key, value)
        batch.put(self.OFFSET_KEY, str(offset).encode())
        with _as_store_error(self.path, "write"):
            size: int = batch.size_in_bytes()
            self.db.write(batch, WITHOUT_LOG)
            self._deleted = self._deleted or deletes
            if self._deleted and time.monotonic() >= self._flush_due:
                # The changelog forgets a deletion after a day, and what is in memory is not durable.
                self.db.flush()
                self._deleted = False
                self._flush_due = time.monotonic() + FLUSH_EVERY_S
        return size

    def offset(self) -> int | None:
        """Return the changelog offset of the last change in the database, or None when it is new."""
        offset = self.get(self.OFFSET_KEY)
        return None if offset is None else int(offset)

    def estimates(self) -> tuple[int, int]:
        """Return RocksDB's estimate of the keys it holds and the bytes they take, in memory and on disk."""
        with _as_store_error(self.path, "read"):
            keys = self.db.property_int_value("rocksdb.estimate-num-keys") or 0
            tables = self.db.property_int_value("rocksdb.total-sst-files-size") or 0
            memory = self.db.property_int_value("rocksdb.cur-size-all-mem-tables") or 0
        return keys, tables + memory

    def items(self) -> Iterator[tuple[bytes, bytes]]:
        """Yield every key and value, in key order; raise `StoreError` at a damaged block, or once it is closed."""
        cursor = _Cursor(self.db)
        self._cursors.add(cursor)
        try:
            with _as_store_error(self.path, "read"):
                cursor.entries.seek_to_first()
                while cursor.entries.valid():
                    key: bytes = cursor.entries.key()
                    if key != self.OFFSET_KEY:
                        yield key, cursor.entries.value()
                    cursor.entries.next()
                # Not valid means the end or an error; rocksdict's own `items` takes both for the end.
                cursor.entries.status()
        finally:
            self._cursors.discard(cursor)
            cursor.release()
