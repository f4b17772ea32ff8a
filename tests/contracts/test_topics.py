"""The topics are those of the runbook (sections 3.3 and 4.3), and shaped for how they are read."""

from __future__ import annotations

from lakay_streams.contracts.topics import (
    CONTROL,
    CORRIDORS,
    EVENT_TYPES,
    MEMBERS,
    MOVEMENTS,
    RATES,
    REKEYED,
    SOURCES,
    TOPICS,
    USERS,
    Role,
)

BY_NAME = {topic.name: topic for topic in TOPICS}


def test_the_names_are_the_runbooks() -> None:
    names = {role: {topic.name for topic in TOPICS if topic.role is role} for role in Role}
    assert names[Role.INBOUND] == set(EVENT_TYPES)
    assert names[Role.OUTBOUND] == {
        "lakay.fraud.alerts",
        "lakay.circles.tier-changes",
        "lakay.behavior.ato-alerts",
        "lakay.compliance.alerts",
        "lakay.compliance.edd-triggers",
    }
    assert all(name.startswith("lakay.internal.") for name in names[Role.INTERNAL])
    assert len(BY_NAME) == len(TOPICS)


def test_the_inbound_topics_carry_the_runbooks_number_of_event_types() -> None:
    assert {topic: len(types) for topic, types in EVENT_TYPES.items()} == {
        "trebanx.circle.events": 8,
        "trebanx.transaction.events": 4,
        "trebanx.user.events": 10,
        "trebanx.remittance.events": 5,
    }


def test_what_operators_decide_comes_to_the_worker_that_owns_the_user() -> None:
    assert BY_NAME[CONTROL].role is Role.INTERNAL
    assert (BY_NAME[CONTROL].key, BY_NAME[CONTROL].partition_count(12)) == (BY_NAME[USERS].key, 12)
    assert {BY_NAME[topic].partition_count(12) for topic in SOURCES} == {12}


def test_what_circles_say_of_a_member_comes_to_the_worker_that_owns_the_user() -> None:
    assert BY_NAME[MEMBERS].role is Role.INTERNAL
    assert BY_NAME[MEMBERS].key == BY_NAME[USERS].key
    assert MEMBERS in SOURCES


def test_a_rekeyed_topic_has_its_sources_partitions_and_key() -> None:
    for source, rekeyed in REKEYED.items():
        assert BY_NAME[rekeyed].partition_count(12) == BY_NAME[source].partition_count(12) == 12
        assert BY_NAME[rekeyed].key == BY_NAME[source].key


def test_movements_of_users_come_to_the_worker_that_owns_them() -> None:
    assert BY_NAME[MOVEMENTS].role is Role.INTERNAL
    assert MOVEMENTS in SOURCES


def test_only_rates_and_corridors_are_read_whole_and_compacted() -> None:
    assert [topic.name for topic in TOPICS if topic.partition_count(12) == 1] == [RATES, CORRIDORS]
    assert [topic.name for topic in TOPICS if topic.cleanup_policy == "compact"] == [RATES, CORRIDORS]


def test_kafka_has_each_record_of_a_compacted_topic_for_a_day() -> None:
    lags = {topic.name: topic.config.get("min.compaction.lag.ms") for topic in TOPICS}
    assert {name for name, lag in lags.items() if lag == "86400000"} == {RATES, CORRIDORS}
    assert {topic.config["cleanup.policy"] for topic in TOPICS} == {"compact", "delete"}
