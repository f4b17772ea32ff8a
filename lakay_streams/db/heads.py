"""Signed heads of the audit trail, in files beside the database: who cuts its end off, or rewrites it, is found.

Whoever owns the database can disable its triggers, remove the newest rows and set the head back: what is left is whole.
So `lakay archive` notes the head every minute in `LAKAY_DATA_DIR/archive/audit-heads/heads-YYYY-MM.jsonl`, one JSON
object a line, signed with a key that the database does not hold (`digests.py`), and logs it as `audit_head_signed`. It
signs no head that its last one is no part of. `lakay audit verify` compares with the last signed head that it finds.
Keep the files, or the log, where nobody who administers the database can write.
"""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from psycopg import AsyncConnection

from lakay_streams.db import audit
from lakay_streams.db.audit import Head
from lakay_streams.db.digests import Digests
from lakay_streams.errors import AuditError
from lakay_streams.settings import Settings

RESTORED = "audit_trail_restored"
"""The action of an operator's word that the trail was set back for a reason."""


class SignedHead(NamedTuple):
    """A head, when it was noted (UTC), and the signature of both: `key id:hex`."""

    head: Head
    at: str
    signature: str

    def as_json(self) -> dict[str, str]:
        """Return it as a line of a file, and of the log, has it."""
        return {"at": self.at, "head": str(self.head), "signature": self.signature}


class Heads:
    """The signed heads in one folder."""

    def __init__(self, folder: Path, digests: Digests) -> None:
        """Sign and check with `digests`; the folder is made when it is needed."""
        self.folder = folder
        self._digests = digests

    @classmethod
    def of(cls, settings: Settings, *, folder: Path | None = None) -> Heads:
        """Return those that the archive of these settings signs, or those in another folder."""
        return cls(folder or settings.lakay_data_dir / "archive" / "audit-heads", Digests.of(settings))

    def last(self) -> SignedHead | None:
        """Return the last head that was signed, None where none was.

        Raises `AuditError` for a line that does not have its signature, and for a key that is not held.
        """
        for file in sorted(self.folder.glob("heads-*.jsonl"), reverse=True):
            # What has no end was cut off by a power failure, and never counted.
            lines = file.read_text(encoding="utf-8").split("\n")[:-1]
            if lines:
                return self._read(lines[-1], f"line {len(lines)} of {file}")
        return None

    async def sign(self, connection: AsyncConnection[Any], *, restored: bool = False) -> SignedHead | None:
        """Note the head as it is now; None where it is noted already.

        Raises `AuditError` when the last signed head is no part of the trail any more, unless it was `restored`.
        """
        last, head = self.last(), await audit.current(connection)
        gone = last is not None and await audit.hash_of(connection, last.head.seq) != last.head.hash
        if last is not None and gone and not restored:
            raise AuditError(
                f"The audit trail was cut or rewritten: its head was {last.head} at {last.at}, and that row is not "
                "there any more. Keep the database as it is and find out who did it; after a backup was restored, run "
                "`lakay audit sign --after-restore REASON`."
            )
        return None if head.seq == 0 or (last is not None and last.head == head) else self._append(head)

    async def note_restored(self, connection: AsyncConnection[Any], reason: str, *, actor: str) -> None:
        """Put into the trail that a backup was restored, why, and which signed head is lost by it."""
        last = self.last()
        lost = {"noted": str(last.head), "at": last.at} if last is not None else {}
        await audit.append(connection, RESTORED, actor=actor, details={"reason": reason, **lost})

    def _append(self, head: Head) -> SignedHead:
        at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        signed = SignedHead(head, at, self._digests.of_record({"at": at, "head": str(head)}))
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = self.folder / f"heads-{at[:7]}.jsonl"
        # For its owner only, and each line at once and at the end, whoever else writes.
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(descriptor, "ab", buffering=0) as appended:
            torn = file.stat().st_size > 0 and not file.read_bytes().endswith(b"\n")
            appended.write(b"\n" * torn + json.dumps(signed.as_json()).encode() + b"\n")
            os.fsync(descriptor)
        return signed

    def _read(self, line: str, where: str) -> SignedHead:
        try:
            told = json.loads(line)
            signed = SignedHead(Head.parse(told["head"]), told["at"], told["signature"])
        except (ValueError, KeyError, TypeError):
            raise AuditError(f"{where} is no signed head: restore the file as `lakay archive` wrote it.") from None
        key_id = signed.signature.partition(":")[0]
        if not self._digests.holds(key_id):
            raise AuditError(
                f"{where} is signed with key {key_id}, which is neither AUDIT_SIGNING_KEY nor among "
                "AUDIT_SIGNING_KEY_PREVIOUS: add the key that it was signed with to the latter."
            )
        if not self._digests.fits({"at": signed.at, "head": str(signed.head)}, signed.signature):
            raise AuditError(f"{where} does not have its signature: it was changed. Find out who did it.")
        return signed
