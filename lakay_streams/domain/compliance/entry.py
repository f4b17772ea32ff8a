"""What is known of one movement, under its id: the record behind `tables.movements`.

Topics deliver late, twice, and in any order. So an entry only ever joins what is told: each telling takes its place,
the earliest or the latest time stays, and told again it changes nothing. Whatever the order, the same tellings make the
same entry, and what counts of them (`standing`) follows from it. Nothing waits in a bounded queue: a completion without
details stands here until they come, or until the retention is over, which is told.

Times are event times in ms UTC, amounts minor units of their own currency.
"""

from __future__ import annotations

from collections.abc import Iterable

from lakay_streams.domain.compliance.movement import BOTH, COUNTERPART, TRANSACTION, Movement
from lakay_streams.domain.compliance.state import OpenAlert
from lakay_streams.domain.frozen import Frozen, replace


class Asked(Frozen):
    """What asking for a movement told, by one topic (`origin`, as `Movement.source`)."""

    origin: str
    at: int
    channel: str
    amount_minor: int
    currency: str
    counterparty: str = ""
    device: str = ""
    payment_method: str = ""
    country: str = ""
    names: str = ""
    """The movement that this one gives back, where it names one."""


class Done(Frozen):
    """What a completion told of the amount, the largest of several: it goes before what was asked for."""

    at: int
    amount_minor: int
    currency: str


class Entry(Frozen):
    """One movement. `asked` has one telling of each topic, in order of origin.

    Of several completions the first and the last are kept, of failures the last: it counts from the first completion,
    or from the last where a failure lies between. `processing_at` is when a remittance was taken into processing.
    `undone` is what gave all of it, or a part, back by name, and `by` that one's id.

    `movement`, `receipt` and `attempt` are what was counted of it (see `standing`). `twin_of` is the movement that this
    one tells once more: all that is told of it is joined there. `later` are the movements of this customer that were
    first told next, in every eighth entry, for the retention. `last_at` is the newest time that was told. `alerts` are
    about this movement alone and stand here when the customer's record has no room for them. `lost`: why it could not
    be counted.
    `outcomes` has a bit (`remittances.OUTCOMES`) for each that the remittances' own topic told.
    """

    id: str
    last_at: int = 0
    asked: tuple[Asked, ...] = ()
    done: Done | None = None
    first_completed: int | None = None
    last_completed: int | None = None
    failed_at: int | None = None
    processing_at: int | None = None
    undone: Done | None = None
    undone_by: str = ""
    movement: Movement | None = None
    receipt: Movement | None = None
    attempt: Movement | None = None
    twin_of: str = ""
    later: tuple[str, ...] = ()
    alerts: tuple[OpenAlert, ...] = ()
    lost: str = ""
    outcomes: int = 0

    @property
    def completed_at(self) -> int | None:
        """When it was completed, None where it was not or failed afterwards."""
        first, last, failed = self.first_completed, self.last_completed, self.failed_at
        if first is not None and (failed is None or failed < first):
            return first
        return last if last is not None and (failed is None or failed < last) else None

    @property
    def begun_at(self) -> int:
        """The earliest time that was told of it."""
        times = (*[each.at for each in self.asked], self.first_completed, self.failed_at, self.processing_at)
        return min([at for at in times if at is not None], default=self.last_at)

    @property
    def counted(self) -> bool:
        """Whether anything of it was counted."""
        return self.movement is not None or self.receipt is not None or self.attempt is not None

    @property
    def amount(self) -> tuple[int, str] | None:
        """Amount and currency: what was completed, else what was asked for; None where nobody told."""
        if self.done is not None:
            return self.done.amount_minor, self.done.currency
        asked = self.details
        return None if asked is None else (asked.amount_minor, asked.currency)

    @property
    def details(self) -> Asked | None:
        """What is known of how it was asked for, by all topics together; None where nobody told.

        A transaction tells how it was paid, a remittance where it went: each says what the other leaves out.
        """
        asked = self.asked
        if len(asked) < 2:
            return asked[0] if asked else None
        first = next((each for each in asked if each.origin == TRANSACTION), asked[0])
        told = (first, *[each for each in asked if each is not first])
        return Asked(
            origin=BOTH,
            at=min(each.at for each in asked),
            channel=first.channel,
            amount_minor=first.amount_minor,
            currency=first.currency,
            counterparty=_first([each.counterparty for each in told]),
            device=_first([each.device for each in told]),
            payment_method=_first([each.payment_method for each in told]),
            country=_first([each.country for each in told]),
            names=_first([each.names for each in told]),
        )

    @property
    def of_counterpart(self) -> bool:
        """Whether it is the recipient's side of what another customer did."""
        return COUNTERPART in [each.origin for each in self.asked]


def joined(known: Entry, told: Entry) -> Entry:
    """Return all that both tell; what was counted, and whatever else belongs to the record, is `known`'s."""
    undone, by = known.undone, known.undone_by
    if told.undone is not None and (undone is None or _more(told, known)):
        undone, by = told.undone, told.undone_by
    first, last, failed = known.first_completed, known.last_completed, known.failed_at
    if told.first_completed is not None:
        first, last = _least(first, told.first_completed), _most(last, told.last_completed)
    if told.failed_at is not None:
        failed = _most(failed, told.failed_at)
    return replace(
        known,
        last_at=told.last_at if told.last_at > known.last_at else known.last_at,
        asked=_asked(known.asked, told.asked) if told.asked else known.asked,
        done=known.done if told.done is None else _larger(known.done, told.done),
        first_completed=first,
        last_completed=last,
        failed_at=failed,
        processing_at=_least(known.processing_at, told.processing_at),
        undone=undone,
        undone_by=by,
        outcomes=known.outcomes | told.outcomes,
    )


def _asked(known: tuple[Asked, ...], told: tuple[Asked, ...]) -> tuple[Asked, ...]:
    if known == told:
        return known
    if not known:
        return told
    by_origin = {each.origin: each for each in known}
    for each in told:
        other = by_origin.get(each.origin)
        # Asked twice: the larger amount counts, and the earlier of two equal ones. So no order of telling matters, and
        # no amount hides behind a smaller one under the same id.
        by_origin[each.origin] = each if other is None or _key(each) < _key(other) else other
    return tuple([by_origin[origin] for origin in sorted(by_origin)])


def _first(values: Iterable[str]) -> str:
    """Return the first value that was told; empty where none was."""
    return next(filter(None, values), "")


def _key(asked: Asked) -> tuple[int, int, str, str, str, str, str, str, str]:
    return (
        -asked.amount_minor,
        asked.at,
        asked.currency,
        asked.channel,
        asked.payment_method,
        asked.counterparty,
        asked.country,
        asked.device,
        asked.names,
    )


def _larger(known: Done | None, told: Done) -> Done:
    if known is None:
        return told
    return max(known, told, key=lambda each: (each.amount_minor, each.at, each.currency))


def _more(told: Entry, known: Entry) -> bool:
    if told.undone is None or known.undone is None:
        return known.undone is None
    one, other = told.undone, known.undone
    return (one.amount_minor, one.at, told.undone_by) > (other.amount_minor, other.at, known.undone_by)


def _least(one: int | None, other: int | None) -> int | None:
    if one is None or other is None:
        return other if one is None else one
    return min(one, other)


def _most(one: int | None, other: int | None) -> int | None:
    if one is None or other is None:
        return other if one is None else one
    return max(one, other)
