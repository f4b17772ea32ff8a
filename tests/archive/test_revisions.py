"""In whatever order revisions come: each is kept once, the highest is shown, and nothing that is kept is replaced."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lakay_streams.archive.revisions import COPY, History, Kept, Refused, Told

USER, KEY = "user_0123abcd_" + "0" * 32, "0123abcd"
OTHER = "user_0123abcd_" + "1" * 32
LATER = "user_deadbeef_" + "2" * 32


def told(revision: int, content: str = "a", *, entities: tuple[str, ...] = (USER,), kind: str = "compliance") -> Told:
    return Told(revision, kind, "structuring", entities, [f"{KEY}:{content}"])


def test_the_next_revision_is_kept() -> None:
    history = History()
    assert [history.take(told(number)) for number in (1, 2, 3)] == [Kept(), Kept(), Kept()]


def test_the_same_revision_is_a_copy_and_with_other_content_refused() -> None:
    history = History()
    history.take(told(1))
    assert history.take(told(1)) is COPY
    assert history.take(told(1, "b")) == Refused("revision: 1 is kept already, and says something else")
    assert history.contents == {1: f"{KEY}:a"}


def test_a_revision_that_skips_ahead_is_kept_and_the_gap_is_told() -> None:
    history = History()
    history.take(told(1))
    assert history.take(told(4)) == Kept(missing=(2, 3))
    assert history.take(told(3)) == Kept(), "one that comes late is history"
    assert History().take(told(7)) == Kept(missing=(1, 6))


def test_a_record_about_another_user_or_of_another_kind_is_refused() -> None:
    history = History()
    history.take(told(1))
    for another in (told(2, entities=(OTHER,)), told(2, kind="fraud")):
        outcome = history.take(another)
        assert isinstance(outcome, Refused)
        assert outcome.reason.startswith("alert_id: is that of a")
    assert history.contents.keys() == {1}


def test_a_user_is_known_by_the_token_under_either_key() -> None:
    history = History()
    history.take(told(1))
    assert history.take(told(2, entities=(LATER, USER))) == Kept()
    assert history.take(told(3, entities=(LATER,))) == Kept(), "of a key that is not held, nobody can tell"
    assert isinstance(history.take(told(4, entities=(LATER, OTHER))), Refused)


def test_a_copy_is_known_by_an_earlier_key_and_without_it_nothing_is_guessed() -> None:
    history = History()
    history.take(told(1))
    assert history.take(Told(1, "compliance", "structuring", (USER,), ["feedc0de:x", f"{KEY}:a"])) is COPY
    outcome = history.take(Told(1, "compliance", "structuring", (USER,), ["feedc0de:x"]))
    assert isinstance(outcome, Refused)
    assert "cannot be told" in outcome.reason


@given(st.lists(st.tuples(st.integers(1, 6), st.sampled_from("ab")), max_size=40))
def test_of_any_order_with_any_repetition_the_first_content_of_each_revision_stays(
    sent: list[tuple[int, str]],
) -> None:
    history, first = History(), dict[int, str]()
    for revision, content in sent:
        outcome = history.take(told(revision, content))
        new = revision not in first
        assert isinstance(outcome, Kept) == new
        assert (outcome is COPY) == (not new and first[revision] == content)
        first.setdefault(revision, content)
    assert history.contents == {revision: f"{KEY}:{content}" for revision, content in first.items()}


@given(st.permutations(range(1, 8)))
def test_in_any_order_every_revision_is_kept_and_the_gaps_that_were_told_are_all_filled(order: list[int]) -> None:
    history, missing = History(), set[int]()
    for revision in order:
        outcome = history.take(told(revision))
        assert isinstance(outcome, Kept)
        missing.discard(revision)
        if outcome.missing is not None:
            missing |= set(range(outcome.missing[0], outcome.missing[1] + 1))
    assert history.contents.keys() == set(range(1, 8))
    assert not missing
