"""A past that is run again from the lake gives the same alerts and states; with a candidate's settings, others."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from lakay_streams.contracts.topics import ATO_ALERTS, COMPLIANCE_ALERTS, FRAUD_ALERTS, TIER_CHANGES, TRANSACTIONS
from lakay_streams.db import schema
from lakay_streams.engine.state.rocksdb import PartitionStore
from lakay_streams.errors import LakeError, PrerequisiteError, ReplayError
from lakay_streams.lake.files import FOLDER
from lakay_streams.replay import page, service
from lakay_streams.replay.comparing import Comparison
from lakay_streams.replay.past import Past
from lakay_streams.replay.request import Folder
from lakay_streams.replay.state import state_at
from lakay_streams.replay.unit import run as run_unit
from lakay_streams.settings import Settings
from tests.db import servers
from tests.e2e.oracle import NEW
from tests.e2e.platform import GROUP, Platform
from tests.replay.world import STRICTER, World, live, settings_of

LONG_AGO, LATER = 0, 4_102_444_800_000


@pytest.fixture(scope="module")
def world(platform: Platform, postgres: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A past with a crash, rebalances and a change of settings, in a lake."""
    with servers.fresh_database(postgres) as url:
        settings = settings_of(platform, servers.settings_for(url), tmp_path_factory.mktemp("shared"))
        schema.init_db(settings)
        stricter = settings.model_copy(
            update={
                "fraud": settings.fraud.model_copy(
                    update={
                        "high_threshold": float(STRICTER["FRAUD_HIGH_THRESHOLD"]),
                        "critical_threshold": float(STRICTER["FRAUD_CRITICAL_THRESHOLD"]),
                    }
                )
            }
        )
        assert stricter.version != settings.version
        yield asyncio.run(live(platform, settings, stricter))


@pytest.fixture(scope="module")
def again(world: World, tmp_path_factory: pytest.TempPathFactory) -> Folder:
    """The whole past, run again as it was, by units in an order of their own."""
    folder = Folder(tmp_path_factory.mktemp("again"))
    request = service.begin(world.settings, folder, LONG_AGO, LATER)
    assert request.partitions == [0, 1, 2]
    for number in (2, 0, 1):
        run_unit(world.settings, folder, number)
    return folder


def test_the_past_gives_the_alerts_that_were_sent(world: World, again: Folder) -> None:
    found = service.compare(world.settings, again)
    assert found.topics.keys() >= {FRAUD_ALERTS, ATO_ALERTS, COMPLIANCE_ALERTS, TIER_CHANGES}
    assert found.is_same, {topic: of.counts for topic, of in found.topics.items()}
    # Of each there was something to be wrong about.
    assert sum(of.counts.before for of in found.topics.values()) > 25


def test_alerts_come_in_the_order_in_which_they_were_sent(world: World, again: Folder) -> None:
    sent: dict[str, list[bytes]] = {}
    for alert in service.sent(world.settings, again.request()):
        sent.setdefault(alert.topic, []).append(alert.value)
    told: dict[str, list[bytes]] = {}
    for alert in service.alerts_of(again, again.request()):
        told.setdefault(alert.topic, []).append(alert.value)
    assert told == sent


def test_the_settings_that_were_in_force_decided(again: Folder) -> None:
    units = service.merged(again)
    assert {len(unit.settings_versions) for unit in units} == {2}
    assert {(unit.lost, unit.behind, tuple(unit.unseen)) for unit in units} == {(0, 0, ())}
    assert list(service.remarks(units, again.request())) == []


async def test_the_states_at_the_end_are_those_of_the_workers(world: World, again: Folder) -> None:
    for table, new in NEW.items():
        decode = msgspec.msgpack.Decoder(type(new)).decode
        kept = {}
        for record in await world.platform.records(f"{GROUP}-{table}-changelog"):
            kept[record.key] = record.value
        states: dict[bytes, bytes] = {}
        for number in again.request().partitions:
            (path,) = again.states(number).glob(f"**/{table}/{number}.db")
            store = PartitionStore(path)
            store.open()
            states |= dict(store.items())
            store.close()
        expected = {key: decode(value) for key, value in kept.items() if value is not None}
        assert {key: decode(value) for key, value in states.items()} == expected, table


def test_a_unit_that_is_done_is_not_run_again(world: World, again: Folder) -> None:
    before = again.outputs(0).stat().st_mtime_ns
    assert run_unit(world.settings, again, 0) == again.done(0)
    assert again.outputs(0).stat().st_mtime_ns == before


def candidate(world: World, folder: Path, threshold: float) -> tuple[Folder, Comparison]:
    """Run the past with another threshold of fraud; return what differs from what was sent."""
    fraud = world.settings.fraud.model_copy(update={"high_threshold": threshold})
    other = Folder(folder)
    request = service.begin(world.settings, other, LONG_AGO, LATER, world.settings.model_copy(update={"fraud": fraud}))
    for number in request.partitions:
        run_unit(world.settings, other, number)
    return other, service.compare(world.settings, other)


def test_a_candidate_finds_more_and_that_is_told(world: World, again: Folder, tmp_path: Path) -> None:
    folder, found = candidate(world, tmp_path / "candidate", 0.35)
    of = found.topics[FRAUD_ALERTS]
    assert of.counts.appeared > 0
    assert of.counts.after == of.counts.before + of.counts.appeared - of.counts.vanished
    assert of.by_rule
    assert of.money
    assert of.appeared[0].before is None
    # What else is decided does not depend on it, but for the version that alerts name.
    others = [of for topic, of in found.topics.items() if topic != FRAUD_ALERTS]
    assert [(of.counts.appeared, of.counts.vanished) for of in others] == [(0, 0)] * len(others)
    told = page.rendered(found, "sent")
    assert of.appeared[0].id in told
    assert "<svg" in told
    # Against the replay as it was, it is the same as against what was sent.
    assert service.compare(world.settings, folder, again).topics == found.topics


def test_what_was_known_of_somebody_then_is_had_again(world: World, again: Folder) -> None:
    alerts = [each for each in service.sent(world.settings, again.request()) if each.topic == COMPLIANCE_ALERTS]
    user = alerts[-1].user_id
    assert user is not None
    at_the_end = state_at(world.settings, user, LATER)
    assert at_the_end.keys() >= {"users", "compliance", "movements"}
    assert at_the_end["movements"]
    before = state_at(world.settings, user, min(each.at for each in alerts))
    assert before != at_the_end
    with pytest.raises(ReplayError, match=r"nothing was known of nobody at 2100-.*begins at"):
        state_at(world.settings, "nobody", LATER)
    with pytest.raises(ReplayError, match="has no journal of its partition from before then"):
        state_at(world.settings, user, 1)


def test_alerts_are_compared_with_the_truth(world: World, again: Folder, tmp_path: Path) -> None:
    before, after = service.graded(world.settings, again, world.labels)
    assert before == after
    assert before.alerts > 0
    assert before.precision is not None
    assert before.fraud_recall is not None
    folder, found = candidate(world, tmp_path / "candidate", 0.35)
    sent, found_more = service.graded(world.settings, folder, world.labels)
    assert sent == before
    counts = found.topics[FRAUD_ALERTS].counts
    assert found_more.alerts == before.alerts + counts.appeared - counts.vanished > before.alerts
    with pytest.raises(PrerequisiteError, match="holds no labels"):
        service.graded(world.settings, again, tmp_path / "none")


def test_a_period_has_the_alerts_of_the_period(world: World, again: Folder, tmp_path: Path) -> None:
    times = sorted(alert.at for alert in service.sent(world.settings, again.request()))
    since, until = times[len(times) // 3], times[2 * len(times) // 3]
    assert since < until
    folder = Folder(tmp_path)
    request = service.begin(world.settings, folder, since, until)
    for number in request.partitions:
        run_unit(world.settings, folder, number)
    found = service.compare(world.settings, folder)
    assert found.is_same
    assert 0 < sum(of.counts.before for of in found.topics.values()) < len(times)


def test_the_command_runs_units_beside_each_other_and_compares(world: World, tmp_path: Path) -> None:
    environment = {
        "DATABASE_URL": world.settings.database_url.get_secret_value(),
        "LAKAY_DATA_DIR": str(world.settings.lakay_data_dir),
        "DATALAKE_ENDPOINT": "",
    }
    period = ("--from", "2020-01-01", "--to", "2099-01-01", "--into", str(tmp_path / "replay"))
    planned = world.platform.lakay("replay", *period, "--plan", **environment)
    assert planned.stdout.count("--unit") == 3, planned.stderr
    done = world.platform.lakay("replay", *period, "--compare", **environment)
    assert done.returncode == 0, done.stderr
    assert "Every alert is the same." in done.stdout
    assert (tmp_path / "replay" / "comparison.html").is_file()
    labelled = ("--merge", "--labels", str(world.labels))
    merged = world.platform.lakay("replay", "--into", str(tmp_path / "replay"), *labelled, **environment)
    assert "records of 3 partitions run again" in merged.stdout, merged.stderr
    assert merged.stdout.count("fraud and takeover alerts, precision") == 2


def test_what_cannot_be_run_is_one_sentence(world: World, again: Folder, tmp_path: Path) -> None:
    settings = world.settings
    with pytest.raises(ReplayError, match="is empty: give --to a later time"):
        service.begin(settings, Folder(tmp_path), 5, 5)
    with pytest.raises(ReplayError, match="has another replay: give a folder of its own"):
        service.begin(settings, again, LONG_AGO, LATER - 1)
    with pytest.raises(ReplayError, match="has no replay: begin one"):
        Folder(tmp_path).request()
    folder = Folder(tmp_path)
    service.begin(settings, folder, LONG_AGO, LATER)
    with pytest.raises(ReplayError, match="partitions 0, 1, 2 are not done"):
        service.merged(folder)
    with pytest.raises(ReplayError, match="has no partition 7, only 0, 1, 2"):
        run_unit(settings, folder, 7)
    with folder.alone(1), pytest.raises(ReplayError, match="another process runs partition 1"):
        run_unit(settings, folder, 1)


def test_a_file_that_was_changed_ends_the_unit(world: World, tmp_path: Path) -> None:
    shared = tmp_path / "copy"
    shutil.copytree(world.settings.lakay_data_dir / FOLDER, shared / FOLDER)
    settings: Settings = world.settings.model_copy(update={"lakay_data_dir": shared})
    with Past(settings) as past:
        file = next(each for each in past.files if each.topic == TRANSACTIONS and each.partition == 1)
    path = shared / FOLDER / file.path
    path.chmod(0o600)
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    folder = Folder(tmp_path / "replay")
    service.begin(settings, folder, LONG_AGO, LATER)
    with pytest.raises(LakeError, match="is not what was written"):
        run_unit(settings, folder, 1)
    assert folder.done(1) is None
    assert not folder.outputs(1).exists()
