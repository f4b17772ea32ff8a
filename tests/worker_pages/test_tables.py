"""State is shown where it lives, readable, and to those who may see it."""

from __future__ import annotations

import asyncio
import json
import socket
import uuid
from pathlib import Path
from urllib.parse import quote

import pytest

from lakay_streams.contracts.topics import CIRCLES, REMITTANCES, TRANSACTIONS
from lakay_streams.engine.kafka.partitioner import partition_of
from lakay_streams.settings.kinds import is_web_address
from tables.catalogue import Tables
from tests.agents.running import WORKER_TOKEN, RunningWorker, ask, send, until, worker
from tests.contracts.events import event
from tests.settings.production import filled_in
from tests.worker_pages.conftest import opened

HOSTILE = "<script>alert('x')</script>&\"'/../é %2e"


@pytest.fixture(scope="module")
def users(pair: tuple[RunningWorker, RunningWorker]) -> list[str]:
    """Users in every partition, each with one transaction of 1,240.00 USD that the workers have processed."""
    users = [f"user-{number}" for number in range(12)]
    assert {partition_of(user.encode(), 3) for user in users} == {0, 1, 2}
    records = []
    for user in users:
        document = event(
            "transaction-initiated",
            {"event_id": str(uuid.uuid4())},
            user_id=user,
            amount="1240.00",
            currency="USD",
            initiated_at="2026-02-27T09:30:00-05:00",
        )
        records.append((TRANSACTIONS, user.encode(), json.dumps(document).encode()))
    circle = event("circle-created", {"event_id": str(uuid.uuid4())}, circle_id=HOSTILE)
    records.append((CIRCLES, HOSTILE.encode(), json.dumps(circle).encode()))
    rate = event(
        "exchange-rate-updated", {"event_id": str(uuid.uuid4())}, base_currency="USD", quote_currency="HTG", rate="131"
    )
    records.append((REMITTANCES, b"USD/HTG", json.dumps(rate).encode()))
    asyncio.run(send(pair[0].kafka, records))
    # Listed once a checkpoint has written them; shown by key as soon as they are processed.
    until(lambda: set(users) <= listed(pair), "all are written")
    return users


def listed(pair: tuple[RunningWorker, RunningWorker]) -> set[str]:
    """Return the keys of users that both workers list."""
    return {row["key"] for each in pair for row in each.ask("/tables/users?limit=1000").json["keys"]}


def owner(pair: tuple[RunningWorker, RunningWorker], key: str) -> tuple[RunningWorker, RunningWorker]:
    """Return the worker that owns a key, and the other one."""
    first, second = pair
    return (first, second) if partition_of(key.encode(), 3) in opened(first) else (second, first)


def ask_anywhere(pair: tuple[RunningWorker, RunningWorker], path: str):  # type: ignore[no-untyped-def]
    """Ask the first worker and go where it sends."""
    answer = pair[0].ask(path)
    return ask(answer.headers["Location"], Authorization=f"Bearer {WORKER_TOKEN}") if answer.status == 307 else answer


def test_a_state_is_shown_in_words_iso_times_and_amounts(
    pair: tuple[RunningWorker, RunningWorker], users: list[str]
) -> None:
    answer = ask_anywhere(pair, f"/tables/users/{users[0]}").json
    assert (answer["table"], answer["key"], answer["value"]) == ("users", users[0], "UserState")
    state = answer["state"]
    assert state["seen"] == {"hashes": 1}
    assert state["transactions"]["amount"] == {"amount": "1240.00", "currency": "USD"}
    assert state["transactions"]["entries"][0]["at"] == "2026-02-27T14:30:00.000Z"
    assert state["days"] == [
        {"business_day": "2026-02-27", "transactions": 1, "amount": {"amount": "1240.00", "currency": "USD"}}
    ]


def test_another_workers_key_is_redirected_to_its_owner(
    pair: tuple[RunningWorker, RunningWorker], users: list[str]
) -> None:
    for user in users:
        own, other = owner(pair, user)
        assert own.ask(f"/tables/users/{user}").status == 200
        answer = other.ask(f"/tables/users/{user}")
        assert (answer.status, answer.headers["Location"]) == (307, f"{own.url}/tables/users/{user}")


def test_each_worker_lists_the_keys_it_owns_and_says_who_owns_the_rest(
    pair: tuple[RunningWorker, RunningWorker], users: list[str]
) -> None:
    for each in pair:
        keys = [row["key"] for row in each.ask("/tables/users?limit=1000").json["keys"]]
        assert {key for key in keys if key in users} == {user for user in users if owner(pair, user)[0] is each}
        assert len(keys) == len(set(keys))
    workers = pair[0].ask("/tables").json["workers"]
    assert {row["worker"]: row["partitions"] for row in workers} == {each.url: opened(each) for each in pair}


def test_a_list_of_keys_is_as_long_as_asked(pair: tuple[RunningWorker, RunningWorker], users: list[str]) -> None:
    assert len(pair[0].ask("/tables/users?limit=1").json["keys"]) == 1
    for limit in ("0", "-1", "many", "1001", "9" * 5_000, "²"):
        assert pair[0].ask(f"/tables/users?limit={quote(limit)}").status == 400


def test_every_table_says_its_key_and_its_value(pair: tuple[RunningWorker, RunningWorker]) -> None:
    rows = {row["table"]: row for row in pair[0].ask("/tables").json["tables"]}
    assert {name: (row["key"], row["value"]) for name, row in rows.items()} == {
        "users": ("user_id", "UserState"),
        "circles": ("circle_id", "CircleState"),
        "members": ("user_id", "MemberState"),
        "compliance": ("user_id", "ComplianceState"),
        "corridors": ("corridor", "CorridorState"),
        "movements": ("user_id movement_id", "Entry"),
        "movement_days": ("user_id day", "Page"),
        "remittances": ("sender_id", "RemittanceState"),
        "rates": ("BASE/QUOTE", "RateState"),
    }


def test_a_key_may_have_a_slash(pair: tuple[RunningWorker, RunningWorker], users: list[str]) -> None:
    until(lambda: ask_anywhere(pair, "/tables/rates/USD/HTG").status == 200, "the rate is known")
    for path in ("USD/HTG", "USD%2FHTG"):
        assert ask_anywhere(pair, f"/tables/rates/{path}").json["state"]["rate"] == "131"


def test_what_does_not_exist_is_said_with_what_does(pair: tuple[RunningWorker, RunningWorker]) -> None:
    answer = pair[0].ask("/tables/people")
    assert answer.status == 404
    assert ", ".join(sorted(Tables._fields)) in answer.json["error"]
    assert ask_anywhere(pair, "/tables/users/nobody").status == 404
    assert pair[0].ask("/nowhere").status == 404


def test_hostile_text_is_shown_and_never_run(pair: tuple[RunningWorker, RunningWorker], users: list[str]) -> None:
    path = f"/tables/circles/{quote(HOSTILE, safe='')}"
    own, _ = owner(pair, HOSTILE)
    until(lambda: own.ask(path).status == 200, "the circle is known")
    assert own.ask(path).json["key"] == HOSTILE
    for page in (path, "/tables/circles", f"/tables/{quote('<script>', safe='')}", f"/tables/users/{quote('<b>')}"):
        answer = own.ask(page, Accept="text/html,*/*")
        assert "<script" not in answer.text
        assert "<b>alert" not in answer.text
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
    for key in ("%00", "%FF%FE", "%ED%A0%80", "..%2F..%2Fetc", "a" * 4_000):
        assert ask_anywhere(pair, f"/tables/users/{key}").status in {400, 404}


FROM_ELSEWHERE = [
    {"Host": "attacker.example:6066"},
    {"Host": "localhost.attacker.example"},
    {"Host": "[::1"},
    {"Forwarded": "for=192.0.2.1"},
    {"X_Forwarded_For": "127.0.0.1"},
    {"X_Forwarded_Proto": "https"},
    {"X_Real_IP": "127.0.0.1"},
    {"Via": "1.1 proxy"},
    {"Sec_Fetch_Site": "cross-site"},
    {"Sec_Fetch_Site": "same-site"},
    {"Origin": "https://attacker.example"},
    {"Origin": "null"},
]

#: A port only this machine sends to, and no address published.
ALONE = {"WORKER_TOKEN": "", "WORKER_PUBLIC_URL": ""}


def test_without_a_token_programs_of_this_machine_see_tables_and_nobody_else(broker: str, tmp_path: Path) -> None:
    with worker(broker, tmp_path, KAFKA_CONSUMER_GROUP="alone", **ALONE) as running:
        until(running.is_ready, "the worker is ready")
        for headers in FROM_ELSEWHERE:
            answer = ask(f"{running.url}/tables", **headers)
            assert answer.status == 403, headers
            assert "set WORKER_TOKEN" in answer.json["error"]
        for headers in ({}, {"Sec_Fetch_Site": "same-origin"}, {"Sec_Fetch_Site": "none"}, {"Host": "127.0.0.1:1"}):
            assert ask(f"{running.url}/tables", **headers).status == 200, headers
        assert ask(f"{running.url}/stats", Host="prometheus.example").status == 200


#: The runbook's appendix D in the environment, as compose gives it; its Kafka and group are the test's.
TEMPLATE_IN_USE = {
    name: value
    for name, value in filled_in(CONTRACTS_PATH="").items()
    if name not in {"KAFKA_BOOTSTRAP_SERVERS", "KAFKA_CONSUMER_GROUP"}
}


@pytest.mark.parametrize(
    ("environment", "why"),
    [
        ({"WORKER_HOST": "0.0.0.0"}, "WORKER_HOST=0.0.0.0 is open to other machines"),  # noqa: S104
        ({"WORKER_PUBLIC_URL": "http://worker-1:6066"}, "WORKER_PUBLIC_URL brings requests from other machines"),
        (TEMPLATE_IN_USE, "DEBUG=false wants a token always"),
    ],
    ids=["open", "published", "production"],
)
def test_where_others_may_come_tables_want_a_token_and_the_way_out_is_said(
    broker: str, tmp_path: Path, environment: dict[str, str], why: str
) -> None:
    with worker(broker, tmp_path, KAFKA_CONSUMER_GROUP="open", **(ALONE | environment)) as running:
        until(running.is_up, "the pages answer")
        for path in ("/tables", "/tables/users", "/tables/users/user-1"):
            answer = running.ask(path)
            assert answer.status == 403
            assert why in answer.json["error"]
            assert "set WORKER_TOKEN" in answer.json["error"]
        assert running.ask("/stats").status == 200
    assert (tmp_path / "worker").stat().st_mode & 0o777 == 0o700, "its states are for its user alone"


def test_with_a_token_only_its_bearer_sees_tables(pair: tuple[RunningWorker, RunningWorker]) -> None:
    running, _ = pair
    for authorization in (
        "",
        "sesame",
        "Bearer",
        "Bearer sesam",
        "Basic sesame",
        "Bearer s\xe9same",
        "Bearer \x80\xff",
    ):
        answer = running.ask("/tables", Authorization=authorization)
        assert (answer.status, answer.headers["WWW-Authenticate"]) == (401, "Bearer")
    for headers in FROM_ELSEWHERE:
        assert running.ask("/tables", **headers).status == 200, headers


NO_FAILURES = {
    "a port that is none": b"GET /tables HTTP/1.1\r\nHost: localhost:999999\r\n\r\n",
    "a bracket that stays open": b"GET /stats HTTP/1.1\r\nHost: [::1\r\nAccept: text/html\r\n\r\n",
    "no host": b"GET /tables HTTP/1.0\r\n\r\n",
    "a token that is no UTF-8": b"GET /tables HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer \xff\xfe\r\n\r\n",
    "a path that is no UTF-8": b"GET /tables/\xff\xfe HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "half a surrogate": b"GET /tables/%ed%a0%80?limit=%ed%a0%80 HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "two slashes": b"GET //attacker.example/ HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "a whole address": b"GET http://attacker.example:99999/stats HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "a header that is no UTF-8": b"GET /stats HTTP/1.1\r\nHost: localhost\r\nAccept: \xff\r\n\r\n",
    "a body": b"POST /stats HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n",
    "no HTTP": b"\x16\x03\x01\r\n\r\n",
    "a long header": b"GET /stats HTTP/1.1\r\nHost: localhost\r\nCookie: " + b"a" * 20_000 + b"\r\n\r\n",
    "many headers": b"GET /stats HTTP/1.1\r\nHost: localhost\r\n" + b"A: b\r\n" * 1_000 + b"\r\n",
}


@pytest.mark.parametrize("what", NO_FAILURES)
def test_no_request_however_written_is_a_failure_of_the_pages(
    pair: tuple[RunningWorker, RunningWorker], what: str
) -> None:
    running, _ = pair
    with socket.create_connection(("127.0.0.1", running.port), timeout=30) as client:
        client.sendall(NO_FAILURES[what])
        status = client.recv(1_000).split(b" ", 2)[1]
    assert status[:1] in {b"2", b"4"}
    assert not running.events("web_request_failed")
    assert "Error handling request" not in running.log()


@pytest.mark.parametrize(
    ("url", "taken"),
    [
        ("http://worker-1:6066", True),
        ("https://[::1]:6066/", True),
        ("http://gateway.example/workers/1", True),
        ("http://worker-1@attacker.example", False),
        ("http://worker-1/?to=attacker", False),
        ("javascript:alert(1)", False),
        ("http:attacker.example", False),
        ("http://worker-1\r\nSet-Cookie: a=b", False),
        ("http://worker-1/\\attacker.example", False),
        ("none:", False),
    ],
)
def test_readers_are_sent_to_plain_addresses_of_members_only(url: str, taken: bool) -> None:
    assert is_web_address(url) is taken
