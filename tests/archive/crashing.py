"""An archive with a bug: an alert that has a field `boom` crashes it. `python -m tests.archive.crashing archive`."""

from __future__ import annotations

from lakay_streams import cli
from lakay_streams.archive.rows import Row, RowMaker
from lakay_streams.engine.kafka.batch import Record

_alert = RowMaker.alert


def _crash(self: RowMaker, record: Record) -> Row:
    if b'"boom"' in (record.value or b""):
        raise ZeroDivisionError("a bug in the archive")
    return _alert(self, record)


if __name__ == "__main__":
    setattr(RowMaker, "alert", _crash)  # noqa: B010 - mypy allows no other way
    cli.main()
