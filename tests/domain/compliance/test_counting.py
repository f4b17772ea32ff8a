"""Money is counted exactly once, on its own day, whatever the number, the order and the delay of what is told."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from hashlib import blake2b
from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lakay_streams.domain.behavior.limits import BehaviorLimits
from lakay_streams.domain.behavior.sequence import is_outgoing
from lakay_streams.domain.business_day import business_day, day_start, iso_day
from lakay_streams.domain.compliance.alert import SAR
from lakay_streams.domain.compliance.countries import HighRiskCountries
from lakay_streams.domain.compliance.decide import decide
from lakay_streams.domain.compliance.entry import Entry
from lakay_streams.domain.compliance.ledger import Kept, Page
from lakay_streams.domain.compliance.limits import DAY_MS, DEFAULT_LIMITS, HOUR_MS, PROCESSING
from lakay_streams.domain.compliance.movement import Movement
from lakay_streams.domain.compliance.state import (
    ALERTS_KEPT,
    MOVEMENTS_KEPT,
    RECORD_BYTES_MAX,
    ComplianceState,
    OpenAlert,
    Pending,
)
from lakay_streams.domain.compliance.totals import Day
from lakay_streams.domain.compliance.words import DEFAULT_SYNONYMS
from lakay_streams.domain.events import MoneyMoved, RemittanceEvent, TransactionInitiated, TransactionUpdated
from lakay_streams.domain.frozen import astuple
from lakay_streams.domain.money import DEFAULT_RATES
from tests.domain.compliance.customer import USER, Customer, instant

NOON = instant("03-10", "12:00")
FORGETTING = replace(DEFAULT_LIMITS, retention_ms=31 * DAY_MS)


def asks(movement: str, at: int, dollars: int, kind: str = "deposit", method: str | None = "cash", **more: Any) -> Any:
    return TransactionInitiated(
        f"i-{movement}", "transaction-initiated", at, USER, movement, dollars * 100, "USD", kind,
        payment_method=method, **more,
    )  # fmt: skip


def becomes(movement: str, at: int, outcome: str = "completed") -> Any:
    return TransactionUpdated(f"{outcome}-{movement}-{at}", f"transaction-{outcome}", at, USER, movement)


def remits(movement: str, at: int, dollars: int, stage: str = "initiated", **more: Any) -> Any:
    amount = dollars * 100 if stage == "initiated" else None
    currency = "USD" if stage == "initiated" else None
    return RemittanceEvent(
        f"{stage}-{movement}-{at}", f"remittance-{stage}", at, USER, movement, more.pop("to", "mother"), amount,
        currency, **more,
    )  # fmt: skip


def tell(*events: Any, customer: Customer | None = None) -> Customer:
    customer = customer or Customer()
    for event in events:
        customer.told(event)
    return customer


def cash_by_day(customer: Customer) -> dict[int, tuple[int, int]]:
    """Cents of cash in and out of each business day, as the ledger's pages have them."""
    return {
        day: (page.total.cash_in_minor, page.total.cash_out_minor)
        for day, page in customer.ledger.pages.items()
        if page.total.cash_in_minor or page.total.cash_out_minor
    }


# -- part one: never in silence


@pytest.mark.parametrize("number", [40, 41, 60, 400])
def test_any_number_of_deposits_is_completed_in_the_order_of_asking(number: int) -> None:
    asked = [asks(f"m-{each}", NOON + each, 300) for each in range(number)]
    done = [becomes(f"m-{each}", NOON + 10_000 + each) for each in range(number)]
    customer = tell(*asked, *done)
    assert customer.the("ctr").finding.totals.cash_in_minor == number * 300_00


def test_a_stream_of_completions_that_lags_behind_is_counted_whole() -> None:
    asked = [asks(f"m-{each}", NOON + each, 300) for each in range(200)]
    done = [becomes(f"m-{each}", NOON + each + 1) for each in range(200)]
    told = [event for each in range(241) for event in (asked[each : each + 1] + done[max(0, each - 41) : each - 40])]
    assert tell(*told).the("ctr").finding.totals.movements == 200


def test_remittances_that_are_completed_before_they_were_asked_for_are_counted() -> None:
    done = [remits(f"r-{each}", NOON + each, 300, "completed") for each in range(41)]
    asked = [remits(f"r-{each}", NOON + each, 300, payment_method="cash") for each in range(41)]
    assert tell(*done, *asked).the("ctr").finding.totals.cash_in_minor == 41 * 300_00


def test_abandoned_requests_hide_no_deposit() -> None:
    abandoned = [asks(f"x-{each}", NOON + 10 + each, 1) for each in range(40)]
    customer = tell(
        asks("a", NOON, 6_000), asks("b", NOON + 1, 6_000), *abandoned, becomes("a", NOON + 60), becomes("b", NOON + 61)
    )
    assert customer.the("ctr").finding.totals.cash_in_minor == 12_000_00


def test_a_deposit_that_is_completed_weeks_after_it_was_asked_for_is_a_report() -> None:
    later = NOON + 36 * DAY_MS
    customer = tell(asks("a", NOON, 20_000), becomes("a", later))
    assert customer.the("ctr").finding.window == iso_day(business_day(later))


def test_cash_of_april_that_is_told_after_a_movement_of_june_is_a_report_of_april() -> None:
    customer = Customer().lives("06-10 12:00 deposit 100 cash\n04-01 12:00 deposit 12,000 cash")
    report = customer.the("ctr")
    assert report.finding.window == "2026-04-01"
    assert [each.id for each in report.finding.movements] == ["movement-2"]
    assert not report.finding.truncated


def test_a_split_that_is_told_forty_days_late_is_a_report_and_structuring() -> None:
    split = "\n".join(f"03-10 {hour}:00 deposit 2,900 cash" for hour in ("09", "11", "13", "15"))
    in_time = Customer().lives(split)
    late = Customer().lives("04-19 12:00 deposit 100 bank\n" + split)
    assert in_time.the("structuring").finding.recommendation == SAR
    assert late.found == in_time.found == "ctr:file structuring:sar"
    assert late.the("structuring").finding.signals == in_time.the("structuring").finding.signals


@pytest.mark.parametrize("number", [128, 129, 257, 600])
def test_a_replay_of_any_length_changes_nothing(number: int) -> None:
    told = [
        event
        for each in range(number)
        for event in (asks(f"m-{each}", NOON + each, 30), becomes(f"m-{each}", NOON + each + 1))
    ]
    customer = tell(*told)
    state, pages, alerts = customer.state, dict(customer.ledger.pages), list(customer.alerts)
    decisions = [customer.told(event) for event in told]
    assert (customer.state, customer.ledger.pages, customer.alerts) == (state, pages, alerts)
    assert not any(decision.entries or decision.pages for decision in decisions)


def test_what_workers_tell_each_other_is_counted_once_however_often_it_comes() -> None:
    told = [
        MoneyMoved(f"e-{each}", "money-moved", NOON + each, USER, f"m-{each}", "in", "circle_payout", 101, "USD")
        for each in range(300)
    ]
    customer = tell(*told, *told)
    assert customer.ledger.pages[business_day(NOON)].total.movements == 300


def test_details_that_never_come_are_a_finding_of_their_own() -> None:
    """Money that stands in no total is told to an officer, with its id, and its amount where it is known."""
    done = TransactionUpdated("c", "transaction-completed", NOON, USER, "orphan", 20_000_00, "USD")
    customer = tell(done, asks("later", NOON + 401 * DAY_MS, 1))
    alert = customer.the("could_not_be_counted")
    assert alert.finding.window == "orphan"
    assert alert.finding.values["amount_minor"] == 20_000_00
    assert customer.decisions[-1].lost


def test_what_is_told_after_its_retention_is_a_finding_and_never_counted_twice() -> None:
    old = [asks("a", NOON, 20_000), becomes("a", NOON)]
    customer = tell(*old, *[asks(f"n-{each}", NOON + 401 * DAY_MS + each, 1, method="bank") for each in range(3)])
    assert "a" not in customer.ledger.entries
    tell(*old, customer=customer)
    assert customer.the("could_not_be_counted").finding.window == "a"
    assert [each for each in customer.alerts if each.finding.rule == "ctr"] == [customer.the("ctr")]


def test_what_is_kept_of_a_customer_is_bounded_by_the_retention() -> None:
    limits = replace(DEFAULT_LIMITS, retention_ms=100 * DAY_MS)
    customer = Customer(limits)
    for day in range(500):
        tell(asks(f"m-{day}", NOON + day * DAY_MS, 50), becomes(f"m-{day}", NOON + day * DAY_MS + 1), customer=customer)
    assert 99 <= len(customer.ledger.entries) <= 103
    assert 99 <= len(customer.ledger.pages) <= 103
    assert customer.alerts == []


def test_what_is_told_again_for_years_keeps_nothing_else_from_being_forgotten() -> None:
    customer = Customer(replace(DEFAULT_LIMITS, retention_ms=100 * DAY_MS))
    tell(asks("told again", NOON, 50), becomes("told again", NOON), customer=customer)
    for day in range(500):
        at = NOON + day * DAY_MS
        tell(asks(f"m-{day}", at, 50), becomes(f"m-{day}", at + 1), customer=customer)
        if day % 70 == 0:
            tell(becomes("told again", at), customer=customer)
    assert "told again" in customer.ledger.entries
    assert len(customer.ledger.entries) <= 104
    assert sorted(in_order_of_expiry(customer)) == sorted(customer.ledger.entries)


def test_an_alert_for_which_there_is_no_room_goes_on_where_it_stood() -> None:
    days = [NOON + day * DAY_MS for day in range(ALERTS_KEPT + 5)]
    customer = Customer()
    for number, at in enumerate(days):
        tell(asks(f"m-{number}", at, 11_000), becomes(f"m-{number}", at), customer=customer)
    assert len(customer.state.alerts) == ALERTS_KEPT
    tell(asks("again", days[0] + 1, 500), becomes("again", days[0] + 1), customer=customer)
    first = [each for each in customer.alerts if each.finding.window == iso_day(business_day(NOON))]
    assert [each.revision for each in first if each.finding.rule == "ctr"] == [1, 2]
    tell(becomes("m-1", days[-1], "failed"), customer=customer)
    assert customer.alerts[-1].finding.window == iso_day(business_day(days[1]))
    assert (customer.alerts[-1].revision, customer.alerts[-1].status) == (2, "withdrawn")


def test_a_country_that_is_listed_is_never_forgotten() -> None:
    limits = replace(DEFAULT_LIMITS, countries=HighRiskCountries("2026-02-01", frozenset({"IR"}), frozenset()))
    customer = Customer(limits)
    for number, country in enumerate(["IR", *[f"{chr(65 + each)}Q" for each in range(20)] * 2]):
        tell(
            remits(f"r-{number}", NOON + number, 10, payment_method="wallet", destination_country=country),
            remits(f"r-{number}", NOON + number, 10, "completed"),
            customer=customer,
        )
    assert dict(customer.state.countries)["IR"] == 1


# -- the property: any interleaving, any replay, against brute force


def brute_force(fates: list[tuple[int, int, str, str]]) -> dict[int, tuple[int, int]]:
    days: dict[int, list[int]] = defaultdict(lambda: [0, 0])
    for at, dollars, kind, outcome in fates:
        if outcome in {"completed", "again"}:
            days[business_day(at + 1 + 2 * HOUR_MS * (outcome == "again"))][kind == "withdrawal"] += dollars * 100
    return {day: (came, left) for day, (came, left) in days.items()}


def tellings(number: int, fate: tuple[int, int, str, str]) -> list[Any]:
    at, dollars, kind, outcome = fate
    movement = f"m-{number}"
    told = [asks(movement, at, dollars, kind)]
    if outcome in {"completed", "failed-after", "again"}:
        told.append(becomes(movement, at + 1))
    if outcome in {"failed", "failed-after", "again"}:
        told.append(becomes(movement, at + HOUR_MS, "failed"))
    if outcome == "again":
        told.append(becomes(movement, at + 1 + 2 * HOUR_MS))
    return told


OUTCOMES = ("completed", "completed", "completed", "failed", "failed-after", "again", "open")


def random_fates(random: Random, number: int, days: int) -> list[tuple[int, int, str, str]]:
    return [
        (
            NOON + random.randrange(days * DAY_MS),
            random.choice((30, 300, 2_900, 6_000, 12_000)),
            random.choice(("deposit", "withdrawal")),
            random.choice(OUTCOMES),
        )
        for _ in range(number)
    ]


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 120), st.sampled_from((1, 30, 200)))
def test_any_interleaving_and_any_replay_adds_up_to_brute_force(seed: int, number: int, days: int) -> None:
    random = Random(seed)
    fates = random_fates(random, number, days)
    told = [event for each, fate in enumerate(fates) for event in tellings(each, fate)]
    told += random.choices(told, k=number)
    random.shuffle(told)
    customer = tell(*told)
    assert cash_by_day(customer) == brute_force(fates)
    pages = dict(customer.ledger.pages)
    begins = random.randrange(len(told))
    tell(*told[begins:], customer=customer)
    assert customer.ledger.pages == pages
    reported = {each.finding.window for each in customer.open.values() if each.finding.rule == "ctr"}
    expected = {day for day, (came, left) in brute_force(fates).items() if max(came, left) > 10_000_00}
    assert reported == set(map(iso_day, expected))


def test_five_thousand_requests_and_completions_add_up_to_brute_force() -> None:
    random = Random(20_260_310)
    fates = random_fates(random, 2_500, 40)
    told = [event for each, fate in enumerate(fates) for event in tellings(each, fate)]
    random.shuffle(told)
    customer = tell(*told, *told[1_000:1_500])
    assert cash_by_day(customer) == brute_force(fates)


ODD_IDS = st.sampled_from([*"abcdefghijk", "", "x" * 128, "2026-03-10", "\x1f", "\0"])
ODD_AMOUNTS = st.sampled_from([0, 1, 3_000_00, 10_000_00, 10_000_01, 10**18])
ODD_CURRENCIES = st.sampled_from(["USD", "HTG", "KWD", "ZZZ"])
ODD_TIMES = st.sampled_from([946_684_800_000, NOON, NOON + 1, *[NOON + days * DAY_MS for days in (40, 100, 141, 500)]])
ODD_WORDS = st.sampled_from(
    ["deposit", "WITHDRAWAL", "refund", "Reversal", "chargeback", "remittance", "circle_payout", "transfer", "", "İ"]
)
ODD_METHODS = st.sampled_from([None, "cash", "money_order", "card", "wallet"])
ODD_EVENTS = st.one_of(
    st.builds(
        TransactionInitiated, st.just("e"), st.just("transaction-initiated"), ODD_TIMES, st.just(USER), ODD_IDS,
        ODD_AMOUNTS, ODD_CURRENCIES, ODD_WORDS, st.none() | ODD_IDS, payment_method=ODD_METHODS,
        original_transaction_id=st.none() | ODD_IDS,
    ),
    st.builds(
        TransactionUpdated, st.just("e"), st.sampled_from(["transaction-completed", "transaction-failed"]), ODD_TIMES,
        st.just(USER), ODD_IDS, st.none() | ODD_AMOUNTS, st.none() | ODD_CURRENCIES,
    ),
    st.builds(
        RemittanceEvent, st.just("e"),
        st.sampled_from([f"remittance-{stage}" for stage in ("initiated", "processing", "completed", "failed")]),
        ODD_TIMES, st.just(USER), ODD_IDS, st.none() | ODD_IDS, st.none() | ODD_AMOUNTS, st.none() | ODD_CURRENCIES,
        destination_country=st.sampled_from([None, "HT", "IR"]), payment_method=ODD_METHODS,
    ),
    st.builds(
        MoneyMoved, st.just("e"), st.sampled_from(["money-moved", "money-returned"]), ODD_TIMES, st.just(USER),
        ODD_IDS, st.sampled_from(["in", "out"]), ODD_WORDS, ODD_AMOUNTS, ODD_CURRENCIES, st.none() | ODD_IDS,
        payment_method=ODD_METHODS,
    ),
)  # fmt: skip


def in_order_of_expiry(customer: Customer) -> list[str]:
    state, found, left = customer.state, list[str](), list(customer.state.oldest)
    while left:
        found.append(left.pop(0))
        left = left or list(customer.ledger.entries[found[-1]].later)
    return [*found, *[each for each in state.newest if each not in found]]


@settings(max_examples=60, deadline=None)
@given(st.lists(ODD_EVENTS, max_size=40), st.sampled_from([replace(DEFAULT_LIMITS, receipt=PROCESSING), FORGETTING]))
def test_whatever_is_told_no_total_falls_below_nothing_and_no_entry_is_lost(told: list[Any], limits: Any) -> None:
    customer = Customer(limits)
    for event in told:
        customer.told(event)
        totals = [page.total for page in customer.ledger.pages.values()]
        assert all(value >= 0 for day in totals for value in astuple(day)[:-5])
        assert all(day.unsorted >= 0 for day in totals)
        assert sorted(in_order_of_expiry(customer)) == sorted(customer.ledger.entries)
        assert len(msgspec.msgpack.encode(customer.state)) < RECORD_BYTES_MAX
    again = tell(*told, customer=Customer(limits))
    assert msgspec.msgpack.encode(again.state) == msgspec.msgpack.encode(customer.state), "the same events, the same"


# -- part two: which day, which movement


def test_cash_for_a_remittance_is_of_the_day_on_which_it_was_handed_in() -> None:
    """31 CFR 1010.311 is about the transaction in currency; 1010.306(a)(1): 15 days from that day."""
    paid_out = instant("03-14", "12:00")
    customer = tell(remits("r", NOON, 12_000, payment_method="cash"), remits("r", paid_out, 0, "completed"))
    report = customer.the("ctr")
    assert (report.finding.window, iso_day(report.due_day or 0)) == ("2026-03-10", "2026-03-25")
    assert [each.at for each in report.finding.movements] == [NOON]
    assert customer.state.movements[0].at == paid_out, "other rules look at the remittance when it is completed"


@pytest.mark.parametrize("order", [1, -1], ids=["in order", "paid out first"])
def test_handed_in_on_one_day_and_paid_out_on_two_is_a_report(order: int) -> None:
    told = [
        remits("a", NOON, 6_000, payment_method="cash"),
        remits("b", NOON + 1, 6_000, payment_method="cash"),
        remits("a", NOON + DAY_MS, 0, "completed"),
        remits("b", NOON + 2 * DAY_MS, 0, "completed"),
    ]
    assert tell(*told[::order]).the("ctr").finding.window == "2026-03-10"


def test_handed_in_on_two_days_and_paid_out_on_one_is_no_report() -> None:
    customer = tell(
        remits("a", NOON, 6_000, payment_method="cash"),
        remits("b", NOON + DAY_MS, 6_000, payment_method="cash"),
        remits("a", NOON + 3 * DAY_MS, 0, "completed"),
        remits("b", NOON + 3 * DAY_MS + 1, 0, "completed"),
    )
    assert "ctr" not in {rule for rule, _ in customer.open}


def test_a_pay_out_that_fails_does_not_undo_what_was_handed_in() -> None:
    customer = tell(remits("r", NOON, 12_000, payment_method="cash"), remits("r", NOON + DAY_MS, 0, "failed"))
    assert customer.the("ctr").finding.totals.cash_in_minor == 12_000_00


def test_the_receipt_may_be_the_processing() -> None:
    customer = Customer(replace(DEFAULT_LIMITS, receipt=PROCESSING))
    tell(remits("r", NOON, 12_000, payment_method="cash"), customer=customer)
    assert customer.alerts == []
    tell(remits("r", NOON + DAY_MS, 0, "processing"), remits("r", NOON + 4 * DAY_MS, 0, "completed"), customer=customer)
    assert customer.the("ctr").finding.window == "2026-03-11"


IRAN = replace(DEFAULT_LIMITS, countries=HighRiskCountries("2026-02-01", frozenset({"IR"}), frozenset()))


@pytest.mark.parametrize("order", [1, -1], ids=["the transaction first", "the remittance first"])
@pytest.mark.parametrize("apart", [0, 4 * DAY_MS], ids=["at once", "four days apart"])
def test_a_remittance_that_both_topics_tell_is_one_movement_with_what_either_told(order: int, apart: int) -> None:
    by_transaction = [asks("t", NOON, 3_500, "remittance", "cash", recipient_id="mother"), becomes("t", NOON)]
    by_remittance = [
        remits("r", NOON + apart, 3_500, destination_country="IR"),
        remits("r", NOON + apart + 1, 0, "completed"),
    ]
    told = (by_transaction, by_remittance)[::order]
    customer = tell(*told[0], *told[1], customer=Customer(IRAN))
    (movement,) = customer.state.movements
    assert (movement.country, movement.payment_method, movement.source) == ("IR", "cash", "both")
    (receipt,) = customer.state.receipts
    assert receipt.at == NOON
    total = customer.ledger.pages[business_day(NOON)].total
    assert (total.cash, total.cash_in_minor) == (1, 3_500_00)
    assert customer.state.risk.level == "high"
    assert [trigger.risk_level for trigger in customer.triggers] == ["high"]
    assert "travel_rule" not in {rule for rule, _ in customer.open}


def test_what_is_sent_every_fortnight_stays_many_movements() -> None:
    customer = Customer()
    for number in range(4):
        at = NOON + number * 14 * DAY_MS
        tell(
            asks(f"t-{number}", at, 200, "remittance", "wallet", recipient_id="mother"),
            becomes(f"t-{number}", at),
            remits(f"r-{number}", at, 200, payment_method="wallet"),
            remits(f"r-{number}", at + DAY_MS, 0, "completed"),
            customer=customer,
        )
    assert sum(page.total.movements for page in customer.ledger.pages.values()) == 4


def test_a_larger_amount_asked_for_and_given_up_makes_two_parts_structuring() -> None:
    """Attempted transactions count for suspicion (31 CFR 1022.320(a)(2))."""
    parts = "03-11 12:00 deposit 6,000 cash\n03-12 12:00 deposit 6,000 cash"
    assert Customer().lives(parts).found == ""
    customer = tell(asks("large", NOON, 12_000), becomes("large", NOON + 60_000, "failed")).lives(parts)
    assert customer.found == "structuring:sar"
    late = Customer().lives(parts)
    tell(becomes("large", NOON + 60_000, "failed"), asks("large", NOON, 12_000), customer=late)
    assert late.found == "structuring:sar", "whenever it is told"


@pytest.mark.parametrize("word", ["WITHDRAWAL", "Withdrawal", "cash_out", "Cash-Out", "cashOut", "withdrawal "])
def test_a_withdrawal_is_one_in_any_spelling(word: str) -> None:
    customer = tell(
        asks("a", NOON, 6_000, "withdrawal"),
        becomes("a", NOON),
        asks("b", NOON + 1, 6_000, word),
        becomes("b", NOON + 1),
    )
    assert customer.the("ctr").finding.totals.cash_out_minor == 12_000_00


@pytest.mark.parametrize("word", ["deposit", "DEPOSIT", "top_up", "TopUp", "Top up"])
def test_a_pass_through_is_found_in_any_spelling(word: str) -> None:
    customer = tell(
        asks("a", NOON, 5_000, word, "bank"),
        becomes("a", NOON),
        asks("b", NOON + HOUR_MS, 5_000, "transfer", "wallet", recipient_id="anne"),
        becomes("b", NOON + HOUR_MS),
    )
    assert customer.found == "rapid_movement:review"


def test_a_synonym_is_a_setting() -> None:
    limits = replace(DEFAULT_LIMITS, synonyms={"depo": "deposit"})
    assert tell(asks("a", NOON, 11_000, "Depo"), becomes("a", NOON), customer=Customer(limits)).found == "ctr:file"


@pytest.mark.parametrize("word", ["reversal", "chargeback", "refund", "Refund"])
@pytest.mark.parametrize("order", [1, -1], ids=["in order", "the other way round"])
def test_what_gives_back_by_name_undoes_what_it_names(word: str, order: int) -> None:
    told = [
        asks("a", NOON, 12_000),
        becomes("a", NOON),
        asks("b", NOON + HOUR_MS, 12_000, word, original_transaction_id="a"),
        becomes("b", NOON + HOUR_MS),
    ]
    customer = tell(*told[::order])
    assert customer.ledger.pages == {}
    assert customer.open == {}


@pytest.mark.parametrize("order", [1, -1], ids=["in order", "the other way round"])
def test_what_gives_a_part_back_is_a_movement_of_its_own(order: int) -> None:
    told = [
        asks("a", NOON, 12_000),
        becomes("a", NOON),
        asks("b", NOON + HOUR_MS, 3_000, "refund", original_transaction_id="a"),
        becomes("b", NOON + HOUR_MS),
    ]
    assert cash_by_day(tell(*told[::order])) == {business_day(NOON): (12_000_00, 3_000_00)}


@pytest.mark.parametrize("word", ["reversal", "chargeback", "refund"])
def test_what_gives_back_and_names_nothing_brings_money(word: str) -> None:
    customer = tell(asks("a", NOON, 500, word, None), becomes("a", NOON))
    total = customer.ledger.pages[business_day(NOON)].total
    assert (total.in_minor, total.out_minor, total.cash_in_minor) == (500_00, 0, 0)


def gives(
    movement: str, at: int, dollars: int, named: str, kind: str = "refund", method: str | None = "cash"
) -> list[Any]:
    return [asks(movement, at, dollars, kind, method, original_transaction_id=named), becomes(movement, at)]


DEPOSITED = [asks("a", NOON, 12_000), becomes("a", NOON)]


@pytest.mark.parametrize(
    ("told", "came", "left"),
    [
        pytest.param(gives("b", NOON, 50_000, "nobody's"), 0, 50_000, id="what nobody told"),
        pytest.param(gives("b", NOON, 50_000, "b"), 0, 50_000, id="itself"),
        pytest.param([DEPOSITED[0], *gives("b", NOON, 12_000, "a")], 0, 12_000, id="what was never completed"),
        pytest.param([*DEPOSITED, *gives("b", NOON, 50_000, "a")], 12_000, 50_000, id="less than it gives"),
        pytest.param([*DEPOSITED, *gives("b", NOON, 3_000, "a")], 12_000, 3_000, id="more than it gives"),
        pytest.param([*DEPOSITED, *gives("b", NOON, 12_000, "a", method="bank")], 12_000, 0, id="cash, paid by bank"),
        pytest.param(
            [asks("a", NOON, 12_000, method="money_order"), becomes("a", NOON), *gives("b", NOON, 12_000, "a")],
            0, 12_000, id="a money order, paid in cash",
        ),
        pytest.param(
            [asks("a", NOON, 12_000, method="card"), becomes("a", NOON), *gives("b", NOON, 12_000, "a")],
            0, 12_000, id="a card's, paid in cash",
        ),
        pytest.param(
            [*DEPOSITED, *gives("b", NOON, 12_000, "a"), *gives("c", NOON, 12_000, "a")], 0, 12_000,
            id="what another gave back",
        ),
        pytest.param(
            [*DEPOSITED, *gives("b", NOON, 12_000, "a"), *gives("c", NOON, 12_000, "b", "reversal")], 12_000, 0,
            id="what gave back",
        ),
        pytest.param(
            [*gives("a", NOON, 12_000, "b"), *gives("b", NOON, 12_000, "a")], 0, 24_000, id="each other",
        ),
        pytest.param(
            [
                remits("a", NOON, 12_000, payment_method="cash"),
                remits("a", NOON, 0, "completed"),
                *gives("b", NOON, 12_000, "a"),
            ],
            12_000, 12_000, id="a remittance whose cash was received",
        ),
    ],
)  # fmt: skip
def test_nobody_hides_currency_behind_what_gives_it_back(told: list[Any], came: int, left: int) -> None:
    for order in (told, told[::-1]):
        assert cash_by_day(tell(*order)) == {business_day(NOON): (came * 100, left * 100)}


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 8), st.sampled_from((6_000, 12_000))), max_size=8), st.randoms())
def test_what_gives_back_what_gives_back_ends_and_adds_up_in_any_order(named: list[Any], random: Random) -> None:
    told = [*DEPOSITED]
    for number, (other, dollars) in enumerate(named):
        told += gives(f"g-{number}", NOON, dollars, "a" if other == 8 else f"g-{other}", "reversal")
    customer = tell(*told)
    shuffled = tell(*random.sample(told, len(told)))
    assert cash_by_day(shuffled) == cash_by_day(customer)
    assert not any(tell(event, customer=customer).decisions[-1].entries for event in told)


def test_what_was_undone_is_not_told_as_uncounted_when_its_retention_is_over() -> None:
    customer = tell(*DEPOSITED, *gives("b", NOON, 12_000, "a"))
    tell(*[asks(f"n-{each}", NOON + 401 * DAY_MS + each, 1) for each in range(3)], customer=customer)
    assert (customer.open, "b" in customer.ledger.entries) == ({}, False)


@pytest.mark.parametrize("order", [1, -1], ids=["the smaller first", "the larger first"])
def test_no_amount_hides_behind_a_smaller_one_under_its_id(order: int) -> None:
    asked = [asks("a", NOON, 1), asks("a", NOON + 1, 12_000)]
    assert cash_by_day(tell(*asked[::order], becomes("a", NOON + 2))) == {business_day(NOON): (12_000_00, 0)}
    done = [
        TransactionUpdated(f"c-{amount}", "transaction-completed", NOON + at, USER, "a", amount, "USD")
        for at, amount in enumerate((1_00, 12_000_00))
    ]
    assert cash_by_day(tell(asks("a", NOON, 1), *done[::order])) == {business_day(NOON): (12_000_00, 0)}


@pytest.mark.parametrize("order", [1, -1])
def test_a_remittance_that_one_topic_completes_with_less_than_was_asked_for_is_one(order: int) -> None:
    by_transaction = [
        asks("t", NOON, 6_000, "remittance"),
        TransactionUpdated("c", "transaction-completed", NOON, USER, "t", 5_995_00, "USD"),
    ]
    by_remittance = [remits("r", NOON, 6_000, payment_method="cash"), remits("r", NOON, 0, "completed")]
    told = (by_transaction, by_remittance)[::order]
    customer = tell(*told[0], *told[1])
    assert cash_by_day(customer) == {business_day(NOON): (6_000_00, 0)}
    assert [each.amount_minor for each in customer.state.movements] == [5_995_00]


@pytest.mark.parametrize("order", [1, -1])
def test_what_was_handed_in_for_a_remittance_counts_though_less_is_paid_out(order: int) -> None:
    paid_out = RemittanceEvent("c", "remittance-completed", NOON + DAY_MS, USER, "r", None, 9_900_00, "USD")
    told = [remits("r", NOON, 10_500, payment_method="cash"), paid_out]
    assert tell(*told[::order]).the("ctr").finding.totals.cash_in_minor == 10_500_00


def test_a_remittance_is_one_however_much_else_was_moved_meanwhile() -> None:
    meanwhile = [
        event
        for each in range(MOVEMENTS_KEPT + 1)
        for event in (
            asks(f"m-{each}", NOON + DAY_MS + each, 5, "payment", "card"),
            becomes(f"m-{each}", NOON + DAY_MS + each),
        )
    ]
    customer = tell(
        asks("t", NOON, 6_000, "remittance", "wallet"),
        becomes("t", NOON),
        *meanwhile,
        remits("r", NOON + 4 * DAY_MS, 6_000),
        remits("r", NOON + 4 * DAY_MS, 0, "completed"),
    )
    assert sum(page.total.movements for page in customer.ledger.pages.values()) == MOVEMENTS_KEPT + 2


@pytest.mark.parametrize("order", [1, -1])
def test_cash_is_never_lost_in_a_remittance_that_another_topic_tells_to_be_paid_by_card(order: int) -> None:
    by_card = [asks("t", NOON, 12_000, "remittance", "card"), becomes("t", NOON)]
    in_cash = [remits("r", NOON, 12_000, payment_method="cash"), remits("r", NOON, 0, "completed")]
    told = (by_card, in_cash)[::order]
    assert tell(*told[0], *told[1]).the("ctr").finding.totals.cash_in_minor == 12_000_00


def test_a_takeover_takes_no_deposit_for_money_that_leaves() -> None:
    limits = BehaviorLimits(synonyms={**DEFAULT_SYNONYMS, "depo": "deposit"})
    incoming, outgoing = ("deposit", "DEPOSIT", "top_up", "Depo", "chargeback"), ("transfer", "Cash-Out", "nobody's")
    assert not any(is_outgoing(asks("a", NOON, 100, word), limits) for word in incoming)
    assert all(is_outgoing(asks("a", NOON, 100, word), limits) for word in outgoing)


# -- records of before


def test_a_record_of_before_goes_on_with_what_waited_and_what_was_counted() -> None:
    day = business_day(NOON)
    counted = Movement("old", NOON, day, "in", "deposit", 6_000_00, "USD", 6_000_00, payment_method="cash", cash="in")
    digest = blake2b(b"old", digest_size=8).digest()
    before = ComplianceState(
        counted=digest,
        pending=(Pending("waits", NOON, "deposit", 6_000_00, "USD", payment_method="cash", origin="transaction"),),
        movements=(counted,),
        days=(Day(day, 1, 6_000_00, 0, 1, 6_000_00, 0, 1, 6_000_00),),
        first_at=NOON,
    )
    state = msgspec.msgpack.decode(msgspec.msgpack.encode(before), type=ComplianceState)
    customer = Customer()
    customer.state = state
    tell(asks("old", NOON, 6_000), becomes("old", NOON), customer=customer)
    assert customer.state.pending == ()
    tell(becomes("waits", NOON + 1), customer=customer)
    assert customer.the("ctr").finding.totals.cash_in_minor == 12_000_00
    tell(becomes("old", NOON + 2, "failed"), customer=customer)
    assert customer.state.days[0].cash_in_minor == 6_000_00


def test_a_record_is_read_back_as_it_was() -> None:
    customer = tell(asks("a", NOON, 11_000), becomes("a", NOON))
    alert = customer.state.alerts[0]
    assert isinstance(alert, OpenAlert)
    for kept in (
        *customer.ledger.entries.values(),
        *customer.ledger.pages.values(),
        Entry("x", alerts=(alert,)),
        Page(Day(1), alerts=(alert,)),
    ):
        assert msgspec.msgpack.decode(msgspec.msgpack.encode(kept), type=type(kept)) == kept


def test_a_decision_reads_the_ledger_and_changes_nothing_in_it() -> None:
    kept = Kept()
    decision = decide(ComplianceState(), kept, asks("a", NOON, 20_000), DEFAULT_LIMITS, DEFAULT_RATES)
    assert not kept.entries
    assert list(decision.entries) == ["a"]
    assert day_start(business_day(NOON)) <= NOON
    assert decision.state.newest == ("a",)
