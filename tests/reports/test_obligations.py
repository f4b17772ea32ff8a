"""What is due follows from the alert and from what was filed, and nothing that was filed in time becomes late."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakay_streams.reports.obligations import (
    Filing,
    FilingKind,
    Form,
    Ground,
    Submission,
    cumulative_minor,
    deadlines_of,
    needed,
    review_of,
)

ALERT, OTHER = "3b241101-e2bb-4255-8caf-4136c5660001", "3b241101-e2bb-4255-8caf-4136c5660002"
DAY = date(2026, 3, 10)
ONE = {"a": 950_000, "b": 940_000}


def ground(
    movements: Mapping[str, int | None] = ONE,
    *,
    revision: int = 1,
    changed: date = DAY,
    detected: date = DAY,
    kind: FilingKind | None = "sar",
    alert_id: str = ALERT,
    withdrawn: bool = False,
) -> Ground:
    return Ground(
        alert_id,
        "structuring",
        kind,
        kind is None,
        detected + timedelta(days=15 if kind == "ctr" else 30),
        detected,
        changed,
        DAY,
        revision,
        withdrawn,
        sum(each or 0 for each in movements.values()),
        movements,
    )


def filed(
    movements: Mapping[str, int | None] = ONE,
    *,
    bsa_id: str = "1" * 14,
    on: date = date(2026, 3, 20),
    form: Form = "initial",
    prior: str | None = None,
    revision: int = 1,
    alert_id: str = ALERT,
    kind: FilingKind = "sar",
) -> Submission:
    total = sum(each or 0 for each in movements.values())
    due = DAY + timedelta(days=30)
    return Submission(
        bsa_id,
        alert_id,
        kind,
        form,
        prior,
        on,
        due,
        "the alert",
        revision,
        None,
        total,
        movements,
        "officer",
    )


def test_the_30_days_run_from_the_alert_and_from_the_determination_where_there_is_one() -> None:
    need = needed(ground(), None, [])
    assert need is not None
    assert (need.form, need.due, need.counted_from) == ("initial", date(2026, 4, 9), "the alert of 2026-03-10")
    determined = Filing("sar", None, "determined", 1, None, None, "officer", date(2026, 3, 18), "officer@desk")
    need = needed(ground(), determined, [])
    assert need is not None
    assert (need.due, need.counted_from) == (date(2026, 4, 17), "its determination on 2026-03-18 by officer@desk")


def test_new_movements_are_a_continuing_report_120_days_after_the_last() -> None:
    need = needed(ground(ONE | {"c": 930_000}, revision=2, changed=date(2026, 3, 25)), None, [filed()])
    assert need is not None
    assert (need.form, need.prior, need.movements) == ("continuing", "1" * 14, frozenset("c"))
    assert need.due == date(2026, 3, 20) + timedelta(days=120)
    assert cumulative_minor([filed()], need, 930_000) == 950_000 + 940_000 + 930_000


def test_an_alert_of_its_own_months_later_continues_the_chain_and_is_due_after_30_days() -> None:
    later = ground({"z": 900_000}, alert_id=OTHER, detected=date(2026, 9, 1), changed=date(2026, 9, 1))
    need = needed(later, None, [filed()])
    assert need is not None
    assert (need.form, need.prior, need.due) == ("continuing", "1" * 14, date(2026, 10, 1))


def test_what_changed_of_what_was_filed_is_a_correction_of_the_report_that_told_it() -> None:
    chain = [filed(), filed({"c": 5}, bsa_id="2" * 14, form="continuing", prior="1" * 14, revision=2)]
    need = needed(ground({"a": 940_000, "b": 940_000, "c": 5}, revision=3, changed=date(2026, 4, 1)), None, chain)
    assert need is not None
    assert (need.form, need.prior, need.movements, need.due) == (
        "correction",
        "1" * 14,
        frozenset("ab"),
        date(2026, 5, 1),
    )


def test_a_correction_and_new_movements_are_two_reports_one_after_the_other() -> None:
    both = ground({"a": 1, "b": 940_000, "c": 5}, revision=3)
    first = needed(both, None, [filed()])
    assert first is not None
    assert first.form == "correction"
    corrected = filed({"a": 1, "b": 940_000}, bsa_id="2" * 14, form="correction", prior="1" * 14, revision=3)
    second = needed(both, None, [filed(), corrected])
    assert second is not None
    assert (second.form, second.prior, second.movements) == ("continuing", "2" * 14, frozenset("c"))
    assert cumulative_minor([filed(), corrected], second, 5) == 1 + 940_000 + 5, "what was corrected counts once"


def test_an_amended_report_is_amended_by_its_amendment_and_a_corrected_continuing_one_stays_continuing() -> None:
    continuing = filed({"c": 5}, bsa_id="2" * 14, form="continuing", prior="1" * 14, revision=2)
    again = filed({"c": 6}, bsa_id="3" * 14, form="correction", prior="2" * 14, revision=3)
    need = needed(ground(ONE | {"c": 7}, revision=4), None, [filed(), continuing, again])
    assert need is not None
    assert (need.form, need.prior) == ("correction", "3" * 14)
    assert cumulative_minor([filed(), continuing, again], need, 7) == 950_000 + 940_000 + 7


def test_what_left_the_rules_window_is_no_correction() -> None:
    need = needed(ground({"b": 940_000, "c": 5}, revision=2), None, [filed()])
    assert need is not None
    assert need.form == "continuing"


def test_filed_in_time_and_amended_later_is_not_late_and_keeps_its_first_day() -> None:
    first = filed(kind="ctr", on=date(2026, 3, 20))
    amended = filed(kind="ctr", on=date(2026, 6, 20), bsa_id="2" * 14, form="correction", prior="1" * 14, revision=2)
    amended = amended._replace(due=date(2026, 6, 25))
    found = deadlines_of(ground(kind="ctr", revision=2), None, [first, amended], date(2026, 7, 1))
    assert [(each.bsa_id, each.filed_on, each.late) for each in found] == [
        ("1" * 14, "2026-03-20", False),
        ("2" * 14, "2026-06-20", False),
    ]


def test_what_was_declined_and_changed_is_due_anew_from_its_change() -> None:
    declined = Filing("sar", date(2026, 4, 9), "declined", 1, None, "explained", "officer")
    assert needed(ground(), declined, []) is None
    (due,) = deadlines_of(ground(revision=2, changed=date(2026, 5, 2)), declined, [], date(2026, 5, 3))
    assert (due.status, due.due, due.overdue) == ("revised", "2026-06-01", False)


def test_drafting_again_moves_no_deadline() -> None:
    drafted = Filing("sar", date(2026, 4, 9), "drafted", 1, None, None, "officer")
    (due,) = deadlines_of(ground(revision=5, detected=date(2026, 3, 30)), drafted, [], date(2026, 4, 1))
    assert (due.due, due.outdated) == ("2026-04-09", True)


def test_a_review_is_open_until_it_is_closed_and_again_when_the_alert_changes() -> None:
    closed = Filing("sar", None, "reviewed", 1, None, "explained", "officer")
    assert review_of(ground(kind=None), None, [], DAY) is not None
    assert review_of(ground(kind=None), closed, [], DAY) is None
    assert review_of(ground(kind=None, revision=2), closed, [], DAY) is not None
    assert not any(each.pending for each in deadlines_of(ground(kind=None, revision=2), closed, [], DAY))


def test_what_an_officer_determined_stays_due_when_the_alert_is_withdrawn() -> None:
    determined = Filing("sar", None, "determined", 1, None, None, "officer", DAY, "officer")
    assert needed(ground({}, revision=2, withdrawn=True), determined, []) is not None
    assert needed(ground({}, revision=2, withdrawn=True), None, []) is None


DETERMINED = Filing("sar", None, "determined", 1, None, None, "officer", DAY, "officer")


def test_what_was_determined_and_filed_is_not_due_again_when_the_alert_is_withdrawn_or_cleared() -> None:
    done = DETERMINED._replace(status="filed")
    for movements in ({}, ONE):
        assert needed(ground(movements, revision=2, withdrawn=True), done, [filed(revision=1)]) is None
        assert needed(ground(movements, revision=2, withdrawn=True), done, [filed(revision=2)]) is None


def test_declining_ends_what_was_determined() -> None:
    declined = DETERMINED._replace(status="declined", reason="explained")
    assert needed(ground({}, revision=2, withdrawn=True), declined, []) is None
    need = needed(ground(revision=2, changed=date(2026, 8, 1)), declined, [])
    assert need is not None
    assert need.due == date(2026, 8, 31), "30 days from what is new, not from a determination that was dealt with"


@pytest.mark.parametrize("kind", ["ctr", "sar"])
def test_drafting_what_changed_after_it_was_declined_is_not_late_at_once(kind: FilingKind) -> None:
    later = ground(kind=kind, revision=2, changed=date(2026, 8, 1))
    need = needed(later, Filing(kind, None, "declined", 1, None, "explained", "officer", form="initial"), [])
    assert need is not None
    assert need.due is not None
    assert need.due > date(2026, 8, 1)
    drafted = Filing(kind, need.due, "drafted", 2, None, None, "officer", form="initial")
    (due,) = deadlines_of(later, drafted, [], date(2026, 8, 2))
    assert (due.due, due.overdue) == (need.due.isoformat(), False)


def test_a_currency_report_whose_alert_was_withdrawn_after_it_was_filed_is_due_as_a_correction() -> None:
    withdrawn = ground({}, kind="ctr", revision=2, withdrawn=True, changed=date(2026, 4, 1))
    need = needed(withdrawn, None, [filed(kind="ctr")])
    assert need is not None
    assert (need.form, need.prior, need.due) == ("correction", "1" * 14, date(2026, 4, 16))
    assert needed(withdrawn, None, []) is None


def test_declining_a_correction_leaves_new_movements_due() -> None:
    both = ground({"a": 1, "b": 940_000, "c": 5}, revision=2)
    declined = Filing("sar", None, "declined", 2, None, "a cent", "officer", form="correction")
    need = needed(both, declined, [filed()])
    assert need is not None
    assert (need.form, need.movements) == ("continuing", frozenset("c"))
    drafted = Filing("sar", need.due, "drafted", 2, None, None, "officer", form="continuing")
    assert needed(both, drafted, [filed()]) == need
    assert needed(both, declined._replace(form="continuing"), [filed()]) is None
    told = [filed(), filed({"c": 5}, bsa_id="2" * 14, form="continuing", prior="1" * 14, revision=2)]
    assert needed(both, declined, told) is None


@given(st.lists(st.tuples(st.booleans(), st.integers(1, 40)), max_size=12))
def test_filing_whatever_is_due_ends_with_nothing_due_and_every_movement_told_once(
    steps: list[tuple[bool, int]],
) -> None:
    """A movement comes or changes, an officer files or waits; in the end each amount was told as it is."""
    movements: dict[str, int | None] = dict(ONE)
    chain: list[Submission] = []
    today, revision = DAY, 1

    def file() -> bool:
        now = ground(movements, revision=revision, changed=today)
        need = needed(now, None, chain)
        if need is None:
            return False
        about = {name: movements[name] for name in need.movements or movements}
        number = f"{len(chain):014}"
        chain.append(filed(about, bsa_id=number, on=today, form=need.form, prior=need.prior, revision=revision))
        return True

    for files, size in steps:
        today += timedelta(days=size)
        revision += 1
        movements[f"m{size % 7}"] = size
        if files:
            file()
    filings = 0
    while file():
        filings += 1
        assert filings < 20, "what is due comes to an end"
    told: dict[str, int | None] = {}
    for each in chain:
        told |= each.movements
    assert told == movements
