"""The customer's record as it is around a time that lies before its details: what rules look at then.

It is put together from the ledger's pages and the entries that they name.
"""

from __future__ import annotations

from operator import attrgetter

from lakay_streams.domain.business_day import day_start
from lakay_streams.domain.compliance.ledger import Draft
from lakay_streams.domain.compliance.limits import DAY_MS, ComplianceLimits
from lakay_streams.domain.compliance.movement import Movement
from lakay_streams.domain.compliance.state import ComplianceState, on_day
from lakay_streams.domain.compliance.totals import Day
from lakay_streams.domain.frozen import replace

AROUND_KEPT = 256

_in_order = attrgetter("at", "id")


def around(draft: Draft, at: int, day: int, limits: ComplianceLimits) -> ComplianceState:
    """Return the record as it is around `at`, on that business day."""
    state, span = draft.state, limits.details_ms // DAY_MS
    pages = {number: draft.page(number) for number in range(day - limits.days_kept, day + span + 1)}
    days = [on_day(state, number) if page is None else page.total for number, page in pages.items()]
    details: list[Movement] = []
    receipts: list[Movement] = []
    dropped = 0
    # The nearest days first: what is too much is far away.
    for number, page in sorted(pages.items(), key=lambda each: abs(each[0] - day)):
        if page is None or abs(number - day) > span:
            continue
        if len(details) < AROUND_KEPT:
            found = [entry for each in page.ids if (entry := draft.entry(each)) is not None]
            details += [each.movement for each in found if each.movement is not None and each.movement.day == number]
            receipts += [each.receipt for each in found if each.receipt is not None and each.receipt.day == number]
        if (page.entries > len(page.ids) or len(details) >= AROUND_KEPT) and number <= day:
            dropped = max(dropped, day_start(number + 1, limits.zone) - 1)
    known = {each.id for each in details}
    begins, ends = at - limits.details_ms, at + limits.details_ms
    details += [each for each in state.movements if each.id not in known and begins <= each.at <= ends]
    known = {each.id for each in receipts}
    receipts += [each for each in state.receipts if each.id not in known and begins <= each.at <= ends]
    if len(details) > AROUND_KEPT:
        details = sorted(details, key=lambda each: (abs(each.at - at), each.id))
        dropped = max(dropped, *[each.at for each in details[AROUND_KEPT:] if each.at <= at], 0)
        details = details[:AROUND_KEPT]
    return replace(
        state,
        days=tuple([each for each in days if each != Day(each.day)]),
        movements=tuple(sorted(details, key=_in_order)),
        receipts=tuple(sorted(receipts, key=_in_order)),
        dropped_until=dropped,
        receipts_dropped_until=0,
        details_from=0,
        days_from=0,
    )
