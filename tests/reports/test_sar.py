"""Suspicious activity reports: drafted from the evidence, to a batch that FinCEN's schema takes."""

from __future__ import annotations

import json
import re
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from lakay_streams.errors import ReportError, ReportNotFound
from lakay_streams.reports import narrative
from lakay_streams.reports.narrative import blocks
from lakay_streams.reports.records import StoredReport
from lakay_streams.reports.suspicion import Suspicion
from tests.reports.office import OFFICER, PASSED_ON, SPLIT, Office, parsed, values

MARCH = (date(2026, 3, 1), date(2026, 3, 31))
FUNNEL = "\n".join(f"03-10 {9 + number}:00 receive 900 from sender-{number}" for number in range(5))
FUNNEL += "\n03-10 16:00 transfer 4,400 wallet to anne-claire"


async def march(office: Office) -> StoredReport:
    return await office.reports.generate_sar(*MARCH, actor=OFFICER)


async def test_every_recommendation_of_the_period_is_one_report_of_a_valid_batch(office: Office) -> None:
    await office.learns("user-1", SPLIT)
    await office.learns("user-2", PASSED_ON)
    report = await march(office)
    root = parsed(report.xml)
    assert root.attrib == {
        "TotalAmount": str(28_200 + 9_000),
        "PartyCount": "2",
        "ActivityCount": "2",
        "ActivityAttachmentCount": "0",
        "AttachmentCount": "0",
    }
    assert root[0].text == "SARX"
    assert sorted(values(root, "SuspiciousActivitySubtypeID")) == ["114", "925"]
    assert sorted(values(root, "SuspiciousActivityTypeID")) == ["1", "9"]
    assert sorted(values(root, "TotalSuspiciousAmountText")) == ["28200", "9000"]
    assert sorted(values(root, "AccountNumberText")) == ["user1", "user2"]


async def test_a_recommendation_to_review_is_drafted_only_when_an_officer_asks(office: Office) -> None:
    (alert_id,) = await office.learns(
        "user-1", "03-10 09:00 deposit 3,000 bank\n03-10 10:00 transfer 2,950 wallet to anne"
    )
    assert (await march(office)).document["reports"] == []
    report = await office.reports.draft_sar(alert_id, actor=OFFICER)
    assert (report.period_start, report.period_end) == ("2026-03-10", "2026-03-10")
    (due,) = await office.reports.deadlines()
    assert (due.kind, due.status, due.due) == ("sar", "drafted", "2026-04-09")


async def test_a_single_amount_near_ten_thousand_is_no_ground_for_a_report(office: Office) -> None:
    (alert_id,) = await office.learns("user-1", "03-10 12:00 deposit 9,900 cash")
    assert (await march(office)).xml is None
    with pytest.raises(ReportError, match="no ground for a suspicious activity report"):
        await office.reports.draft_sar(alert_id, actor=OFFICER)


async def test_less_than_two_thousand_in_aggregate_is_not_reported(office: Office) -> None:
    (alert_id,) = await office.learns(
        "user-1", "03-10 09:00 deposit 1,999.99 bank\n03-10 10:00 transfer 1,999 wallet to anne"
    )
    with pytest.raises(ReportError, match=r"adds up to \$1,999\.99, and a report is due from \$2,000\.00"):
        await office.reports.draft_sar(alert_id, actor=OFFICER)


async def test_a_withdrawn_alert_is_not_reported_and_what_was_attempted_is(office: Office) -> None:
    ids = await office.learns("user-1", SPLIT + "\n03-11 09:00 fails 1\n03-11 09:01 fails 2")
    assert [each["rule"] for each in (await march(office)).document["reports"]] == ["structuring"]
    ((withdrawn,),) = await office.fetches("SELECT alert_id::text FROM alerts WHERE body ->> 'status' = 'withdrawn'")
    assert withdrawn in ids
    with pytest.raises(ReportError, match="was withdrawn"):
        await office.reports.draft_sar(withdrawn, actor=OFFICER)


async def test_an_alert_that_is_none_is_not_found(office: Office) -> None:
    for wrong in ("3b241101-e2bb-4255-8caf-4136c56600ff", "first"):
        with pytest.raises(ReportNotFound):
            await office.reports.draft_sar(wrong, actor=OFFICER)


async def test_an_officers_text_takes_the_place_of_the_draft(office: Office) -> None:
    ids = await office.learns("user-1", PASSED_ON)
    text = "The customer, Marie Joseph, said\nthat the money was her cousin's. " + "She could not say more. " * 300
    report = await office.reports.draft_sar(ids[-1], actor=OFFICER, narrative=text)
    told = values(parsed(report.xml), "ActivityNarrativeText")
    assert len(told) == 2
    assert " ".join(told) == " ".join(text.split())
    assert report.document["reports"][0]["narrative"]["draft"], "the draft stays beside it"


def test_a_narrative_is_one_to_five_blocks_broken_between_words() -> None:
    text = "word " * 3_400
    found = blocks(text)
    assert 1 <= len(found) <= 5
    assert all(len(block) <= 4_000 and block == block.strip() for block in found)
    assert " ".join(found) == text.strip()
    for wrong in ("", " \n", "x" * 17_001):
        with pytest.raises(ReportError, match="FinCEN takes 1 to 17,000"):
            blocks(wrong)


def test_the_sentences_around_the_values_hold_no_number() -> None:
    """So that every number of a draft is a fact with a source."""
    with open(narrative.__file__) as module:
        sentences = re.findall(r'say\(\s*f?"([^"]*)"', module.read())
    assert len(sentences) > 10
    assert not [sentence for sentence in sentences if re.search(r"\d", sentence)]


STORIES = {"structuring": SPLIT, "rapid_movement": PASSED_ON, "funnel": FUNNEL}


@pytest.mark.parametrize("rule", STORIES)
async def test_every_number_date_and_name_of_a_draft_is_in_the_evidence_that_it_names(
    office: Office, rule: str
) -> None:
    for alert_id in await office.learns("user-7731", STORIES[rule]):
        if await office.fetches("SELECT 1 FROM alerts WHERE alert_id = %s AND alert_type = %s", alert_id, rule):
            break
    report = await office.reports.draft_sar(alert_id, actor=OFFICER)
    (told,) = report.document["reports"]
    alert = await _as_sent(office, alert_id)
    assert {each["topic"] for each in told["narrative"]["draft"]} == {"who", "what", "when", "where", "why", "how"}
    traced = 0
    for paragraph in told["narrative"]["draft"]:
        known: set[str] = set()
        for fact in paragraph["facts"]:
            value = _at(alert, fact["path"])
            known |= _meanings(value)
            holder = _at(alert, fact["path"].rpartition("/")[0]) if "/movements/" in fact["path"] else {}
            assert fact["evidence_id"] in {alert["alert_id"], holder.get("movement_id"), value, *_of_pair(alert, fact)}
        for found in _numbers_dates_and_names(paragraph["text"]):
            assert found in known, f"{found!r} of {paragraph['topic']!r} is in no evidence that it names"
            traced += 1
    assert traced > 20


def test_a_number_that_nobody_told_would_be_found() -> None:
    assert _numbers_dates_and_names("On 03/10/2026, $9,500.00 (transaction movement-1) to marie-joseph, HT.") == {
        "2026-03-10", "9500.00", "movement-1", "marie-joseph", "HT",
    }  # fmt: skip


async def _as_sent(office: Office, alert_id: str) -> Any:
    """Return the alert with personal values, read without the code under test's records."""
    from lakay_streams.pii.keys import encryption_keys
    from lakay_streams.pii.personal import reveal
    from lakay_streams.pii.sealing import Vault

    ((body, sealed, key),) = await office.fetches(
        "SELECT body, sealed, encryption_key FROM alerts WHERE alert_id = %s", alert_id
    )
    opened = Vault(encryption_keys(office.settings)).open(sealed, key, f"alerts/{alert_id}")
    return reveal(body, json.loads(opened))


def _at(document: Any, path: str) -> Any:
    for step in path.split("/")[1:]:
        document = document[int(step)] if isinstance(document, list) else document[step]
    return document


def _of_pair(alert: Any, fact: dict[str, str]) -> set[str]:
    if "/pairs/" not in fact["path"]:
        return set()
    pair = _at(alert, fact["path"].rpartition("/")[0])
    return {pair["money_in"], pair["money_out"]}


def _meanings(value: Any) -> set[str]:
    """Return everything that a value of the evidence may be told as."""
    if isinstance(value, int):
        return {str(value), f"{value // 100}.{value % 100:02}"}
    if isinstance(value, float):
        return {f"{value:g}"}
    told = {value} | _numbers_dates_and_names(value)
    if re.fullmatch(r"\d{4}-\d\d-\d\dT.*Z", value):
        told.add(datetime.fromisoformat(value).astimezone(ZoneInfo("America/New_York")).date().isoformat())
    return told


def _numbers_dates_and_names(text: str) -> set[str]:
    """Return the numbers, the dates as ISO 8601, and what is a name: ids, and words in capitals."""
    found = {f"{year}-{month}-{day}" for month, day, year in re.findall(r"\b(\d\d)/(\d\d)/(\d{4})\b", text)}
    text = re.sub(r"\b\d\d/\d\d/\d{4}\b", " ", text)
    found |= set(re.findall(r"\b\d{4}-\d\d-\d\d\b", text))
    text = re.sub(r"\b\d{4}-\d\d-\d\d\b", " ", text)
    names = re.findall(r"\b[a-z]+(?:-[a-z0-9]+)+\b|\b[A-Z]{2,}\b", text)
    text = re.sub(r"\b[a-z]+(?:-[a-z0-9]+)+\b", " ", text)
    return found | set(names) | {number.replace(",", "") for number in re.findall(r"\d[\d,]*(?:\.\d+)?(?<!,)", text)}


async def test_parts_below_the_recordkeeping_threshold_are_told_beside_those_below_that_of_a_ctr(
    office: Office,
) -> None:
    await office.learns("user-1", "\n".join(f"03-10 {9 + hour}:00 deposit 2,900 cash" for hour in range(5)))
    assert values(parsed((await march(office)).xml), "SuspiciousActivitySubtypeID") == ["114", "113"]


async def test_a_voluntary_report_of_less_than_two_thousand_is_made_and_has_no_deadline(office: Office) -> None:
    (alert_id,) = await office.learns(
        "user-1", "03-10 09:00 deposit 1,999.99 bank\n03-10 10:00 transfer 1,999 wallet to anne"
    )
    report = await office.reports.draft_sar(alert_id, actor=OFFICER, voluntary=True)
    assert values(parsed(report.xml), "TotalSuspiciousAmountText") == ["2000"]
    ids = await office.learns("user-2", PASSED_ON)
    with pytest.raises(ReportError, match="it is no voluntary one"):
        await office.reports.draft_sar(ids[-1], actor=OFFICER, voluntary=True)
    (due,) = [each for each in await office.reports.deadlines() if each.alert_id == alert_id]
    assert (due.status, due.due, due.overdue) == ("drafted", None, False)
    done = await office.reports.filed(alert_id, bsa_id="31000123456789", actor=OFFICER)
    assert (done.due, done.late) == (None, False)


async def test_several_alerts_go_into_one_report_and_each_movement_counts_once(office: Office) -> None:
    ids = await office.learns("user-1", PASSED_ON)
    ids += await office.learns("user-2", SPLIT)
    rows = await office.fetches(
        "SELECT alert_id::text FROM alerts WHERE alert_type IN ('structuring', 'rapid_movement')"
    )
    wanted = [row[0] for row in rows]
    report = await office.reports.draft_sar(*wanted, actor=OFFICER)
    root = parsed(report.xml)
    assert root.get("ActivityCount") == "1"
    assert sorted(values(root, "SuspiciousActivitySubtypeID")) == ["114", "925"]
    assert sorted(values(root, "AccountNumberText")) == ["user1", "user2"]
    assert values(root, "TotalSuspiciousAmountText") == [str(9_000 + 28_200)]
    assert {each.status for each in await office.reports.deadlines() if each.alert_id in wanted} == {"drafted"}
    await office.reports.filed(wanted[0], bsa_id="31000123456789", actor=OFFICER)
    done = [each for each in await office.reports.deadlines(done=True) if each.alert_id in wanted]
    assert {(each.status, each.bsa_id) for each in done} == {("filed", "31000123456789")}
    with pytest.raises(ReportError, match="is filed already"):
        await office.reports.draft_sar(*wanted, actor=OFFICER)


async def test_a_draft_that_another_of_its_alerts_has_left_is_not_filed_and_no_day_is_before_what_is_told(
    office: Office,
) -> None:
    await office.learns("user-1", PASSED_ON)
    await office.learns("user-2", SPLIT)
    rows = await office.fetches(
        "SELECT alert_id::text FROM alerts WHERE alert_type IN ('structuring', 'rapid_movement') ORDER BY alert_type"
    )
    passed_on, split = [row[0] for row in rows]
    await office.reports.draft_sar(passed_on, split, actor=OFFICER)
    await office.reports.draft_sar(split, actor=OFFICER)
    with pytest.raises(ReportError, match=f"is about alert {split}, too, which was drafted again since"):
        await office.reports.filed(passed_on, bsa_id="31000123456789", actor=OFFICER)
    await office.reports.draft_sar(passed_on, actor=OFFICER)
    with pytest.raises(ReportError, match="is before 2026-03-16, the last day that its draft is about"):
        await office.reports.filed(passed_on, bsa_id="31000123456789", actor=OFFICER, on=date(2026, 3, 15))
    await office.reports.filed(passed_on, bsa_id="31000123456789", actor=OFFICER, on=date(2026, 3, 16))
    await office.reports.declined(split, reason="sells a car", actor=OFFICER)
    assert {each.alert_id for each in await office.reports.deadlines()} & {passed_on, split} == set()


async def test_a_report_is_made_by_hand_without_an_alert_and_corrected_and_continued(office: Office) -> None:
    told = Suspicion("user-9", "403", date(2026, 3, 2), date(2026, 3, 5), 2_500_00, "The passport was another's.")
    report = await office.reports.draft_sar_by_hand(told, actor=OFFICER, determined_on=date(2026, 3, 20))
    root = parsed(report.xml)
    assert report.validation.errors == ()
    assert values(root, "SuspiciousActivitySubtypeID") == ["403"]
    assert values(root, "ActivityNarrativeText") == ["The passport was another's."]
    (due,) = await office.reports.deadlines()
    assert (due.rule, due.form, due.status, due.due) == ("by_hand", "initial", "drafted", "2026-04-19")
    await office.reports.draft_sar_by_hand(told, actor=OFFICER, determined_on=date(2026, 3, 20))
    assert len(await office.reports.deadlines()) == 1, "told again it is the same"
    await office.reports.filed(due.alert_id, bsa_id="31000123456789", actor=OFFICER)
    assert await office.reports.deadlines() == ()
    again = await office.reports.draft_sar_by_hand(told._replace(amount_minor=2_600_00), actor=OFFICER)
    assert values(parsed(again.xml), "CorrectsAmendsPriorReportIndicator") == ["Y"]
    await office.reports.filed(due.alert_id, bsa_id="31000123456790", actor=OFFICER)
    on = told._replace(first=date(2026, 3, 20), last=date(2026, 3, 21), continues="31000123456790", amount_minor=100_00)
    root = parsed((await office.reports.draft_sar_by_hand(on, actor=OFFICER)).xml)
    assert values(root, "ContinuingActivityReportIndicator") == ["Y"]
    assert values(root, "CumulativeTotalViolationAmountText") == ["2700"]
    for wrong, said in (
        (told._replace(subtype="999"), "is no kind of suspicious activity"),
        (told._replace(amount_minor=1_00, first=date(2026, 3, 1)), "make it a voluntary one"),
        (told._replace(continues="1" * 14, first=date(2026, 3, 1)), "No report was filed as"),
        (told._replace(last=date(2026, 4, 2)), "is to come"),
    ):
        with pytest.raises(ReportError, match=said):
            await office.reports.draft_sar_by_hand(wrong, actor=OFFICER)


async def test_what_is_continued_by_hand_and_corrected_adds_up_the_whole_chain(office: Office) -> None:
    told = Suspicion("user-9", "403", date(2026, 3, 2), date(2026, 3, 5), 2_500_00, "The passport was another's.")
    prior = None
    for number, amount in ((1, 2_500_00), (2, 100_00), (3, 200_00)):
        first = date(2026, 3, 2 + number)
        told = told._replace(first=first, last=first, continues=prior, amount_minor=amount)
        await office.reports.draft_sar_by_hand(told, actor=OFFICER)
        (due,) = await office.reports.deadlines()
        prior = f"3100012345678{number}"
        await office.reports.filed(due.alert_id, bsa_id=prior, actor=OFFICER)
    again = told._replace(amount_minor=300_00, continues=None)
    root = parsed((await office.reports.draft_sar_by_hand(again, actor=OFFICER)).xml)
    assert values(root, "CorrectsAmendsPriorReportIndicator") == ["Y"]
    assert values(root, "CumulativeTotalViolationAmountText") == ["2900"]


async def test_an_alert_that_cannot_be_read_is_told_and_keeps_nobody_elses_report_from_being_made(
    office: Office,
) -> None:
    await office.learns("user-1", SPLIT)
    (broken,) = await office.fetches("SELECT alert_id::text FROM alerts WHERE alert_type = 'structuring'")
    await office.learns("user-2", PASSED_ON)
    async with office.database.connection() as connection:
        await connection.execute("UPDATE alerts SET body = body - 'reason' WHERE alert_id = %s", broken)
    report = await march(office)
    assert report.document["complete"] is False
    assert any(broken[0] in note for note in report.document["notes"])
    assert {each["customer"] for each in report.document["reports"]} == {"user-2"}
