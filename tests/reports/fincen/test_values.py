"""What a single value of a batch may be."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakay_streams.reports.batch import account_of
from lakay_streams.reports.fincen.values import (
    Rule,
    called,
    cleaned,
    day,
    described,
    digits,
    dollars,
    number,
    printable,
)


@pytest.mark.parametrize(
    "word", ["UNKNOWN", "n/a", "None", "OTHER", "same", "XX", "xxx", "See above", "AKA", "N/A.", "-"]
)
def test_a_word_that_stands_for_nothing_is_no_name_no_text_and_no_account(word: str) -> None:
    assert called(50)(word)
    assert described(50)(word)
    assert account_of(word) is None


def test_our_own_descriptions_have_no_such_word_anywhere_and_names_may() -> None:
    assert described(50)("other cash out")
    assert described(50)("brothers and another") is None
    assert called(50)("Same Day Cash LLC") is None


@pytest.mark.parametrize(
    ("rule", "good", "bad"),
    [
        (dollars, ["1", "12500"], ["", "0", "012", "1.00", "1,000", "-5", "+5", " 5", "١٢", "1" * 16]),
        (day, ["20260228", "20240229"], ["", "20260229", "20261301", "2026-02-28", "18991231", "\uff12\uff10260228"]),
        (digits(5, 9), ["33101", "331010001"], ["", "3310", "33101-0001", "٣٣١٠١"]),
        (number(40), ["user1", "a" * 39 + "b"], ["", "user-1", "a b", "naïve", "aaaa", "a" * 40 + "b"]),
        (printable(5), ["a b", "été"], ["", " a", "a ", "a\nb", "a\tb", "a\u202eb", "a\u2028b", "a\ue000", "123456"]),
    ],
)
def test_a_rule_takes_what_is_good_and_refuses_what_is_not(rule: Rule, good: list[str], bad: list[str]) -> None:
    assert [each for each in good if rule(each)] == []
    assert [each for each in bad if not rule(each)] == []


def test_an_account_number_is_a_single_text_without_signs() -> None:
    assert account_of("9F2c-0a1B") == "9F2c0a1B"
    assert account_of("5f3e6b1c-8a3d-4d0e-9f55-0123456789ab") == "5f3e6b1c8a3d4d0e9f550123456789ab"
    assert account_of("Nguyễn-1") is None
    assert account_of("000000000") is None
    assert account_of("x1" * 21) is None


@given(st.text())
def test_a_cleaned_text_is_printable_or_empty_and_cleaning_it_again_changes_nothing(text: str) -> None:
    shown = cleaned(text)
    assert cleaned(shown) == shown
    assert not shown or printable(len(shown))(shown) is None


def test_cleaning_takes_out_what_turns_the_order_of_others() -> None:
    assert cleaned("Jean\u202e \u2066Pierre\u2069") == "Jean Pierre"
