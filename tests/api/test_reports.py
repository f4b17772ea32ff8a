"""The compliance reports as the runbook asks for them (8.4, 10.2, 10.3), on a process and a PostgreSQL of their own."""

from __future__ import annotations

import json
import threading
import uuid
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from pydantic import ValidationError

from lakay_streams.api.reports import ByHand
from lakay_streams.db.url import connection_parameters
from tests.agents.running import until
from tests.api.running import REPORTS, api
from tests.reports.office import SPLIT, Office
from tests.settings.production import PRODUCTION

MARCH = {"start_date": "2026-03-01", "end_date": "2026-03-31"}


async def test_every_report_is_made_listed_and_read(office: Office, tmp_path: Path) -> None:
    alert_ids = await office.learns("user-7731", SPLIT)
    with api(office.settings, tmp_path) as running:
        client = running.client
        made = [
            client.post(f"{REPORTS}/{kind}", json=body)
            for kind, body in (
                ("ctr", MARCH),
                ("sar", MARCH),
                ("summary", {"period": "monthly", "as_of": "2026-03-31"}),
                ("summary", {"period": "weekly"}),
                ("audit", MARCH),
            )
        ]
        assert [answer.status_code for answer in made] == [201] * 5, [answer.text for answer in made]
        drafted = client.post(f"{REPORTS}/sar", json={"alert_id": alert_ids[-1], "narrative": "An officer's words."})
        assert drafted.status_code in {201, 422}, drafted.text
        listed = client.get(REPORTS).json()["reports"]
        assert {each["kind"] for each in listed} == {"ctr", "sar", "summary", "audit"}
        assert {each["kind"] for each in client.get(REPORTS, params={"kind": "summary"}).json()["reports"]} == {
            "summary"
        }
        paged = [
            client.get(REPORTS, params={"limit": 1, "offset": at}).json()["reports"][0] for at in range(len(listed))
        ]
        assert paged == listed
        ctr = client.get(made[0].headers["Location"])
        assert ctr.json() == made[0].json()
        assert ctr.headers["Cache-Control"] == "no-store"
        assert "user-7731" in ctr.text
        begins = {"json": b"{", "html": b"<!doctype html>", "pdf": b"%PDF-", "xml": b"<?xml"}
        for form, begin in begins.items():
            shown = client.get(made[0].headers["Location"], params={"format": form})
            assert shown.status_code == 200
            assert shown.content.startswith(begin)
        without = client.get(made[2].headers["Location"], params={"format": "xml"})
        assert without.status_code == 422
        assert "user-7731" not in running.log()
    actors = {actor for (actor,) in await office.fetches("SELECT actor FROM audit_trail")}
    assert "api" in actors


async def test_the_trail_says_who_made_and_who_read_a_report(office: Office, tmp_path: Path) -> None:
    await office.learns("user-7731", SPLIT)
    with api(office.settings, tmp_path, API_TOKENS="alice:of-alice,bob:of-bob") as running:
        alice, bob = (running.as_another({"Authorization": f"Bearer of-{name}"}) for name in ("alice", "bob"))
        made = alice.post(f"{REPORTS}/sar", json=MARCH)
        assert bob.get(made.headers["Location"]).status_code == 200
    told = await office.fetches("SELECT action, actor FROM audit_trail WHERE starts_with(actor, 'api:') ORDER BY seq")
    assert (told[0][1], told[-1]) == ("api:alice", ("report_read", "api:bob"))


async def test_deadlines_and_decisions_are_as_the_command_line_has_them(office: Office, tmp_path: Path) -> None:
    await office.learns("user-7731", SPLIT)
    with api(office.settings, tmp_path) as running:
        client = running.client
        due = client.get(f"{REPORTS}/deadlines").json()["deadlines"]
        assert {each["kind"] for each in due} == {"ctr", "sar"}
        ctr, sar = (next(each["alert_id"] for each in due if each["kind"] == kind) for kind in ("ctr", "sar"))
        determined = client.post(f"{REPORTS}/alerts/{sar}/determined", json={"on": "2026-03-20"}).json()
        assert (determined["due"], determined["status"]) == ("2026-04-19", "determined")
        drafted = client.post(f"{REPORTS}/sar", json={"alert_ids": [sar], "narrative": "An officer's words."})
        assert drafted.status_code == 201, drafted.text
        filed = client.post(f"{REPORTS}/alerts/{sar}/filed", json={"bsa_id": "31000123456789", "on": "2026-03-25"})
        assert (filed.status_code, filed.json()["bsa_id"]) == (200, "31000123456789"), filed.text
        assert client.post(f"{REPORTS}/alerts/{ctr}/declined", json={"reason": "\u0000"}).status_code == 422
        assert (
            client.post(f"{REPORTS}/alerts/{ctr}/declined", json={"reason": "by card"}).json()["status"] == "declined"
        )
        assert client.post(f"{REPORTS}/alerts/{ctr}/reviewed", json={"reason": "none"}).status_code == 422
        assert client.get(f"{REPORTS}/reviews").json() == {"reviews": []}
        hand = {"customer": "user-9", "subtype": "403", "amount": "2500.00", "determined_on": "2026-03-31"}
        made = client.post(f"{REPORTS}/sar", json=MARCH | {"by_hand": hand, "narrative": "The passport was another's."})
        assert made.status_code == 201, made.text
        done = client.get(f"{REPORTS}/deadlines", params={"done": True}).json()["deadlines"]
        assert {each["status"] for each in done} == {"filed", "declined", "drafted"}
        assert "user-7731" not in running.log()


@pytest.mark.parametrize(
    ("kind", "body", "said"),
    [
        ("ctr", {"start_date": "2026-03-31", "end_date": "2026-03-01"}, "is before start_date"),
        ("ctr", {"start_date": "2026-02-30", "end_date": "2026-03-01"}, "start_date: "),
        ("ctr", {"start_date": "2026-02-01"}, "end_date: Field required"),
        ("sar", {}, "give start_date and end_date, or alert_id"),
        ("sar", MARCH | {"narrative": "x"}, "is of one report"),
        ("summary", {"period": "daily"}, "period: "),
        ("audit", MARCH | {"till": "now"}, "till: "),
    ],
)
async def test_a_wrong_request_is_422_and_one_sentence(
    office: Office, tmp_path: Path, kind: str, body: dict[str, Any], said: str
) -> None:
    with api(office.settings, tmp_path) as running:
        refused = running.client.post(f"{REPORTS}/{kind}", json=body)
        assert refused.status_code == 422
        assert said in refused.json()["detail"]
        assert "\n" not in refused.json()["detail"]


@pytest.mark.parametrize(
    "amount", ["1e3", "1_000", " 5", "+5", "\u0663", "5.", ".5", "5.001", "9" * 14, "NaN", "-0", "", 0]
)
def test_an_amount_is_digits_with_two_decimals_at_most(amount: str | int) -> None:
    with pytest.raises(ValidationError):
        ByHand.model_validate({"customer": "user-9", "subtype": "403", "amount": amount})


@pytest.mark.parametrize("amount", ["2500", "2500.5", "2500.50", 2500, 2500.5, "0.01"])
def test_an_amount_is_a_text_or_a_number(amount: str | float) -> None:
    given = ByHand.model_validate({"customer": "user-9", "subtype": "403", "amount": amount})
    assert given.amount == Decimal(str(amount))


async def test_what_is_not_there_is_404(office: Office, tmp_path: Path) -> None:
    with api(office.settings, tmp_path) as running:
        assert running.client.get(f"{REPORTS}/{uuid.uuid4()}").status_code == 404
        assert running.client.post(f"{REPORTS}/sar", json={"alert_id": str(uuid.uuid4())}).status_code == 404
        assert running.client.get("/api/v1/nothing").status_code == 404


async def test_an_exhausted_pool_is_503_and_pool_timeout_in_the_log(office: Office, tmp_path: Path) -> None:
    with (
        psycopg.connect(**connection_parameters(office.settings.database_url, "tests")) as holder,
        api(office.settings, tmp_path, DATABASE_POOL_SIZE="1", DATABASE_POOL_TIMEOUT_S="0.5") as running,
    ):
        holder.execute("LOCK TABLE reports")
        slow: list[httpx.Response] = []
        waiting = threading.Thread(target=lambda: slow.append(running.client.get(REPORTS)))
        waiting.start()
        until(lambda: _waiting(office) == 1, "a request holds the only connection and waits for the lock")
        refused = running.as_another(dict(running.client.headers)).get(REPORTS)
        assert (refused.status_code, refused.headers["Retry-After"]) == (503, "5")
        assert "raise DATABASE_POOL_SIZE" in refused.json()["detail"]
        assert running.as_another().get("/health").status_code == 200, "the loop goes on"
        (told,) = running.events("pool_timeout")
        assert (told["level"], told["pool_size"]) == ("error", 1)
        holder.rollback()
        waiting.join(30)
        assert [answer.status_code for answer in slow] == [200]


def _waiting(office: Office) -> int:
    with psycopg.connect(**connection_parameters(office.settings.database_url, "tests")) as connection:
        rows = connection.execute(
            "SELECT FROM pg_stat_activity WHERE application_name = 'lakay-api' AND wait_event_type = 'Lock'"
        ).fetchall()
    return len(rows)


@pytest.mark.parametrize("given", [None, b"Bearer wrong", b"an-operators-token", b"Bearer \xc3\xa9"])
async def test_without_the_token_it_is_401(office: Office, tmp_path: Path, given: bytes | None) -> None:
    with api(office.settings, tmp_path) as running:
        headers = {} if given is None else {b"Authorization": given}
        anyone = running.as_another()
        for path in (REPORTS, f"{REPORTS}/{uuid.uuid4()}"):
            assert anyone.get(path, headers=headers).status_code == 401
        for kind in ("ctr", "sar", "summary", "audit"):
            assert anyone.post(f"{REPORTS}/{kind}", json=MARCH, headers=headers).status_code == 401


async def test_in_production_an_api_without_a_token_serves_no_reports(office: Office, tmp_path: Path) -> None:
    with api(office.settings, tmp_path, API_TOKEN="", **PRODUCTION) as running:
        refused = running.as_another().get(REPORTS)
        assert refused.status_code == 403
        assert "set API_TOKEN" in refused.json()["detail"]


async def test_in_development_only_programs_of_this_machine_are_served(office: Office, tmp_path: Path) -> None:
    with api(office.settings, tmp_path, API_TOKEN="", DEBUG="true") as running:
        anyone = running.as_another()
        assert anyone.get(REPORTS).status_code == 200
        assert anyone.get(REPORTS, headers={"Host": "rebound.example"}).status_code == 403
        assert anyone.get(REPORTS, headers={"Origin": "https://a-page.example"}).status_code == 403
        assert anyone.get(REPORTS, headers={"Origin": "http://localhost:3000"}).status_code == 200


async def test_a_report_that_was_changed_is_not_served(office: Office, tmp_path: Path) -> None:
    with api(office.settings, tmp_path) as running:
        made = running.client.post(f"{REPORTS}/audit", json=MARCH)
        await office.fetches("UPDATE reports SET sealed = sealed || '\\x00' RETURNING 1")
        refused = running.client.get(made.headers["Location"])
        assert refused.status_code == 500
        assert json.loads(refused.text)["detail"]
