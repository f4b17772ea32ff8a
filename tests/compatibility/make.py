"""Makes `before.tar.xz`: what the worker and the archive of an earlier commit leave behind.

    python -m tests.compatibility.make              # needs the commit: not in a shallow clone
    python -m tests.compatibility.make --backwards  # does that commit read what today's worker has written?

The commit's own code runs, from a work tree of its own with this environment's libraries, on a fresh Kafka and a fresh
PostgreSQL: simulated traffic through `lakay worker` and `lakay archive`, what operators decide, a report. Kept are the
records of every topic at their offsets, changelogs and journal among them; the group's offsets; every state and
journal entry by the names of its fields, as that commit decodes it; the database's rows; the worker's folder with its
RocksDB; and further traffic, which nobody has seen yet. All of it is simulated.

The second form makes the same with today's code, lets the earlier commit decode every state and journal entry, and
compares field by field. It is run by hand before a change of what is persisted lands.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lakay_streams.contracts.topics import COMPLIANCE_ALERTS, JOURNAL
from lakay_streams.embedded.kafka import EmbeddedKafka
from lakay_streams.embedded.postgres import EmbeddedPostgres
from lakay_streams.settings import Settings
from lakay_streams.simulator.sinks import read_jsonl
from lakay_streams.topics.provision import connected, partition_counts
from tests.archive.running import Archive, archives
from tests.compatibility import database, fields, kafka
from tests.compatibility.snapshot import BEFORE, DECODE, ON_DISK, PARTITIONS, Snapshot, at_rest
from tests.db.servers import settings_for
from tests.e2e.platform import GROUP, Platform

ROOT = Path(__file__).parents[2]

COMMIT = "c1b2970"
"""The last one before the redesign."""

TYPES = {
    "users": "lakay_streams.domain.user_state:UserState",
    "circles": "lakay_streams.domain.circles.state:CircleState",
    "members": "lakay_streams.domain.circles.reliability:MemberState",
    "remittances": "lakay_streams.domain.compliance.remittances:RemittanceState",
    "compliance": "lakay_streams.domain.compliance.state:ComplianceState",
    "movements": "lakay_streams.domain.compliance.entry:Entry",
    "movement_days": "lakay_streams.domain.compliance.ledger:Page",
    "corridors": "lakay_streams.domain.compliance.corridors:CorridorState",
    "rates": "tables.rates:RateState",
    fields.JOURNAL: "lakay_streams.engine.journal:JournalEntry",
}
"""Where that commit has the class of each table's states, and of the journal's entries."""

TRAFFIC = (
    *("--events", "1400", "--users", "16", "--seed", "4", "--scenarios", "0.6"),
    *("--out-of-order", "0.02", "--duplicates", "0.02", "--late", "0.01", "--wrong-keys", "0.02", "--poison", "0.005"),
)
SEEN = 950
"""Records that are processed; the rest is the traffic that comes next, behind some that come again."""
AGAIN = 50


@dataclass(frozen=True)
class Running:
    """A tree's worker and archive, and the servers that they run on."""

    platform: Platform
    settings: Settings
    archive: Archive

    def lakay(self, *arguments: str) -> None:
        """Run a command of the tree."""
        done = self.platform.lakay(*arguments)
        assert done.returncode == 0, f"lakay {' '.join(arguments)}: {done.stderr}"


@contextmanager
def tree_of(commit: str) -> Iterator[Path]:
    """Check the commit out beside this repository's own files, and take it away again."""
    known = subprocess.run(["git", "cat-file", "-e", f"{commit}^{{commit}}"], cwd=ROOT, check=False)
    if known.returncode != 0:
        sys.exit(f"This repository does not have the commit {commit}: run this in a whole clone.")
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder) / "tree"
        subprocess.run(["git", "worktree", "add", "--quiet", "--detach", str(tree), commit], cwd=ROOT, check=True)
        try:
            yield tree
        finally:
            subprocess.run(["git", "worktree", "remove", "--force", str(tree)], cwd=ROOT, check=True)


@contextmanager
def running(tree: Path, folder: Path) -> Iterator[Running]:
    """Run the servers and, on them, the tree's archive."""
    with EmbeddedKafka() as broker, EmbeddedPostgres() as postgres:
        platform = Platform(broker.bootstrap_servers, folder)
        platform.partitions = PARTITIONS
        # Few checkpoints, few markers.
        platform.environment |= {
            "PYTHONPATH": str(tree),
            "DATABASE_URL": postgres.url,
            "CHECKPOINT_INTERVAL_MS": "1000",
        }
        settings = settings_for(postgres.url)
        for command in (("topics", "create"), ("db", "init")):
            platform.lakay(*command)
        with archives(
            broker.bootstrap_servers, settings, folder, PYTHONPATH=str(tree), TOPIC_PARTITIONS=str(PARTITIONS)
        ) as (archive,):
            yield Running(platform, settings, archive)


async def live(subject: Running, folder: Path) -> None:
    """Process the first part of the traffic, decide as operators do, report; put the rest into `next.jsonl`."""
    traffic = folder / "traffic.jsonl"
    subject.lakay("simulate", *TRAFFIC, "--out", str(traffic))
    records = list(read_jsonl(traffic))
    platform = subject.platform
    with platform.worker("worker"):
        await platform.send(records[:SEEN])
        await platform.caught_up()
        alerts = [json.loads(record.value) for record in await platform.records(COMPLIANCE_ALERTS)]
        user, alert = alerts[0]["user_id"], alerts[0]["alert_id"]
        subject.lakay("compliance", "cleared", alert, "--user", user, "--why", "explained by a sale")
        subject.lakay("profile", "reset", user)
        subject.lakay("profile", "legitimate", alerts[-1]["user_id"])
        subject.lakay("rates", "confirm", "USD/HTG", "131")
        await platform.caught_up()
        await at_rest(platform, subject.settings)
    suspicious = next(alert["alert_id"] for alert in alerts if alert["rule"] == "structuring")
    subject.lakay("report", "sar", "--alert", suspicious)
    subject.lakay("report", "filed", suspicious, "--bsa-id", "31000000000017")
    to_come = [*records[SEEN - AGAIN : SEEN], *records[SEEN:]]
    _write(folder / "next.jsonl", ((topic, kafka.text_of(key), kafka.text_of(value)) for topic, key, value in to_come))


async def keep(subject: Running, before: Path, source: Path, folder: Path) -> None:
    """Put what is to be kept of a stopped worker and archive into an empty folder; `before` has the earlier commit."""
    platform = subject.platform
    async with connected(platform.settings) as admin:
        counts = await partition_counts(admin)
    logs = await kafka.take(platform.kafka, {topic: counts[topic] for topic in sorted(counts) if topic[:2] != "__"})
    _write(folder / "topics.jsonl", map(kafka.packed, logs))
    _write(folder / "offsets.jsonl", await kafka.take_offsets(platform.kafka, GROUP))
    _write(folder / "states.jsonl", decoded(before, logs))
    (folder / "rows").mkdir()
    about = {"commit": COMMIT, "revision": database.take(subject.settings, folder / "rows")}
    (folder / "about.json").write_text(json.dumps(about))
    # Without what RocksDB only writes, and the databases of the partition that is to be restored.
    others = [f"{number}.db" for number in range(PARTITIONS) if number != ON_DISK]
    left_out = shutil.ignore_patterns("LOG*", "LOCK", "OPTIONS-*", *others)
    shutil.copytree(source / "worker", folder / "worker", ignore=left_out)
    shutil.copy(source / "next.jsonl", folder)


def persisted(logs: Iterable[kafka.Log]) -> Iterator[tuple[str, str, bytes]]:
    """Yield every state by table and key, and every journal entry by partition and offset."""
    tables = {f"{GROUP}-{table}-changelog": table for table in TYPES}
    for log in logs:
        if log.topic in tables:
            for key, state in sorted(log.last().items()):
                yield tables[log.topic], key.decode(), state
        elif log.topic == JOURNAL:
            for offset, _, entry in log.records:
                yield fields.JOURNAL, f"{log.partition}/{offset}", entry or b""


def decoded(tree: Path, logs: Iterable[kafka.Log]) -> list[Any]:
    """Return the fields of what is persisted, as the earlier commit's code in `tree` decodes it."""
    done = subprocess.run(
        [sys.executable, str(Path(fields.__file__)), json.dumps(TYPES)],
        env=os.environ | {"PYTHONPATH": str(tree)},
        input="\n".join(json.dumps([*name, base64.b64encode(raw).decode()]) for *name, raw in persisted(logs)),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def _write(path: Path, lines: Iterable[Any]) -> None:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))


def made(tree: Path, before: Path, folder: Path) -> Snapshot:
    """Run the tree's code, and return what it left behind, in the folder."""
    source, kept = folder / "running", folder / "kept"
    source.mkdir()
    kept.mkdir()
    with running(tree, source) as subject:
        asyncio.run(live(subject, source))
        subject.archive.stop()
        asyncio.run(keep(subject, before, source, kept))
    return Snapshot(kept)


def unread(snapshot: Snapshot) -> list[str]:
    """Return where the earlier commit reads something else in what today's code has written than today's does."""
    now = {(table, key): fields.fields(DECODE[table](raw)) for table, key, raw in persisted(snapshot.logs)}
    before = {(table, key): read for table, key, read in snapshot.fields}
    assert before.keys() == now.keys()
    return [each for name, read in before.items() for each in fields.differences(read, now[name], "/".join(name))]


def pack(snapshot: Snapshot, target: Path) -> None:
    """Write the archive, the same bytes for the same content."""
    with tarfile.open(target, "w:xz", preset=9) as tar:
        for path in sorted(snapshot.folder.rglob("*")):
            tar.add(path, path.relative_to(snapshot.folder), recursive=False, filter=_anonymous)


def _anonymous(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = member.mtime = 0
    member.uname = member.gname = ""
    return member


def main() -> None:
    """Make the archive, or compare."""
    parser = argparse.ArgumentParser(prog="python -m tests.compatibility.make")
    parser.add_argument("--backwards", action="store_true", help="let the earlier commit read what today's code writes")
    backwards = parser.parse_args().backwards
    with tree_of(COMMIT) as tree, tempfile.TemporaryDirectory() as folder:
        if backwards:
            snapshot = made(ROOT, tree, Path(folder))
            found = unread(snapshot)
            print(*found[:50], f"{len(found)} differences in {len(list(snapshot.fields))} records", sep="\n")
            sys.exit(1 if found else 0)
        pack(made(tree, tree, Path(folder)), BEFORE)
    print(f"{BEFORE.name}: {BEFORE.stat().st_size / 1024:.0f} KiB")


if __name__ == "__main__":
    main()
