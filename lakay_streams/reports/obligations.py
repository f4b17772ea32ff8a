"""What is due to FinCEN of an alert, by what it says now and what was filed before. Pure: no database, no clock.

Of a currency transaction report, what changed after it was filed is due as a correction (31 CFR 1010.306(a)(1): 15
days). Of suspicious activity, movements that no report has told yet are due as a continuing report on the last one of
this customer and activity, however long ago; what was told and has changed is due as a correction of that report.

A suspicious activity report is due 30 days after the initial detection (31 CFR 1022.320(b)(3)): the day on which an
officer determined that there is one to make, else the day of the alert. A continuing report is due 120 days after the
last one, which is FinCEN's rhythm (SAR electronic filing instructions, continuing activity: 90 days and 30 to file;
answers of October 2025, question 3), or 30 days after the new detection where that is later, as after a long pause.
Where nothing new is found nothing is due: no separate review is asked for (question 2), and `review_on` tells its day
to who holds one. See docs/domains/filings.md, also for two things that are not here on purpose: exemptions from
currency transaction reports are for banks' customers (31 CFR 1020.315), and the 60 days where no suspect is known are
banks' (31 CFR 1020.320(b)(3)); a money services business has neither.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Literal, NamedTuple

from lakay_streams.domain.compliance.alert import CTR_DUE_DAYS, SAR_DUE_DAYS

FilingKind = Literal["ctr", "sar"]
Form = Literal["initial", "correction", "continuing"]
Status = Literal["review", "open", "determined", "drafted", "revised", "filed", "declined", "reviewed"]

REVIEW_DAYS, CONTINUED_DAYS = 90, 120

PENDING = frozenset({"open", "determined", "drafted", "revised"})
_DECIDED = frozenset({"declined", "reviewed"})


class Filing(NamedTuple):
    """What is done about one alert now; `revision` is the alert's that it is about.

    `due` is None for a voluntary report. `determined_on` is the day on which an officer determined that the activity is
    suspicious. With `by_hand` there is no alert, and `prior_bsa_id` may name the report that it continues. `form` is of
    the report that was drafted, filed or declined last, None where none was or it is not known.
    """

    kind: FilingKind
    due: date | None
    status: Literal["determined", "drafted", "filed", "declined", "reviewed"]
    revision: int
    report_id: str | None
    reason: str | None
    changed_by: str
    determined_on: date | None = None
    determined_by: str | None = None
    voluntary: bool = False
    by_hand: bool = False
    prior_bsa_id: str | None = None
    form: Form | None = None


class Submission(NamedTuple):
    """One alert's part of a report that FinCEN acknowledged.

    `amount_minor` is the whole report's; `movements` are those of the alert that were told, with the US cents of each.
    """

    bsa_id: str
    alert_id: str
    kind: FilingKind
    form: Form
    prior_bsa_id: str | None
    filed_on: date
    due: date | None
    counted_from: str
    revision: int
    report_id: str | None
    amount_minor: int
    movements: Mapping[str, int | None]
    filed_by: str


class Ground(NamedTuple):
    """What an alert says about its own report.

    `kind` is None where it asks for none; `review` where it asks an officer to look. `due` is its own deadline, or what
    one would be; `detected` the day of its first finding, `changed` that of the revision that is not dealt with,
    `since` that of its first movement. `movements` are the US cents of each that it names.
    """

    alert_id: str
    rule: str
    kind: FilingKind | None
    review: bool
    due: date
    detected: date
    changed: date
    since: date
    revision: int
    withdrawn: bool
    amount_minor: int
    movements: Mapping[str, int | None]


class Need(NamedTuple):
    """A report that is yet to be filed.

    `prior` is the BSA identifier of the one that it corrects or continues; `counted_from` what its days run from;
    `movements` are the ids that it is about, None for all that the alert has.
    """

    kind: FilingKind
    form: Form
    prior: str | None
    due: date | None
    counted_from: str
    movements: frozenset[str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadline:
    """One report that is, or was, to be filed about an alert. Days are ISO 8601, `due` None where nothing sets one.

    An alert has one for each report that was filed and one for what is pending, so that a report that was filed in time
    stays in time whatever follows. `status` is revised when the alert has changed since its report was filed or
    declined, review where an officer is to look. `outdated` says that the draft is of an earlier revision. `days_left`
    is negative where overdue. `review_on` is 90 days after the last report of an activity. Nothing personal is in it;
    that a suspicious activity report is due is confidential.
    """

    alert_id: str
    kind: FilingKind
    rule: str
    form: Form
    due: str | None
    counted_from: str
    days_left: int | None
    status: Status
    revision: int
    overdue: bool
    outdated: bool = False
    prior_bsa_id: str | None = None
    report_id: str | None = None
    bsa_id: str | None = None
    filed_on: str | None = None
    review_on: str | None = None
    reason: str | None = None
    changed_by: str | None = None

    @property
    def pending(self) -> bool:
        """Whether something is yet to be filed."""
        return self.status in PENDING

    @property
    def late(self) -> bool:
        """Whether it was filed after its day, or was not and the day is over.

        No regulation sets a day for a correction: one that was filed is not late.
        """
        after = bool(self.filed_on and self.due and self.filed_on > self.due)
        return self.overdue or (after and self.form != "correction")

    def as_json(self) -> dict[str, Any]:
        """Return it JSON-ready."""
        return {name: getattr(self, name) for name in self.__slots__}


def needed(ground: Ground, filing: Filing | None, chain: Sequence[Submission]) -> Need | None:
    """Return what is yet to be filed about an alert, None where nothing is.

    `chain` is what was filed about its customer and activity, of a currency transaction report about the alert itself,
    the oldest first.
    """
    own = [each for each in chain if each.alert_id == ground.alert_id]
    decided = filing is not None and filing.status in _DECIDED
    if filing is not None and decided and ground.revision <= filing.revision and not _goes_on(filing):
        return None
    kind = own[-1].kind if own else filing.kind if filing is not None and not decided else ground.kind
    if kind is None or (ground.withdrawn and not (own and kind == "ctr") and _determined(filing) is None):
        return None
    if filing is not None and filing.by_hand:
        need = _by_hand(filing, own)
    elif kind == "ctr":
        need = _currency(ground, filing, own)
    else:
        need = _suspicion(ground, filing, chain, own)
    if need is not None and filing is not None and filing.status == "drafted":
        if filing.voluntary:
            return need._replace(due=None, counted_from="nothing: a voluntary report")
        if need.due is not None and filing.due is not None:
            # Drafting again moves no deadline.
            return need._replace(due=filing.due if filing.form == need.form else min(need.due, filing.due))
    return need


def status_of(need: Need | None, filing: Filing | None, *, before: bool) -> Status:
    """Return what became of an alert; `before` where a report of it was filed already."""
    if need is None:
        return filing.status if filing is not None and filing.status in _DECIDED else "filed" if before else "open"
    if filing is not None and filing.status in {"drafted", "determined"}:
        return filing.status
    return "revised" if before or (filing is not None and filing.status in _DECIDED) else "open"


def deadlines_of(ground: Ground, filing: Filing | None, chain: Sequence[Submission], today: date) -> list[Deadline]:
    """Return every deadline of an alert: of each report that was filed, and of what is pending or was decided."""
    found = [_filed(each, ground.rule, each is chain[-1], today) for each in chain if each.alert_id == ground.alert_id]
    need = needed(ground, filing, chain)
    status = status_of(need, filing, before=bool(found))
    if need is None and status not in _DECIDED:
        return found
    kind, due = (need.kind, need.due) if need is not None else (filing.kind, filing.due) if filing else ("sar", None)
    left = None if due is None else (due - today).days
    drafted = status == "drafted" and filing is not None
    pending = Deadline(
        alert_id=ground.alert_id,
        kind=kind,
        rule=ground.rule,
        form=need.form if need is not None else "initial",
        due=_text(due),
        counted_from=need.counted_from if need is not None else "",
        days_left=left,
        status=status,
        revision=ground.revision,
        overdue=need is not None and left is not None and left < 0,
        outdated=drafted and filing is not None and filing.revision < ground.revision,
        prior_bsa_id=need.prior if need is not None else None,
        report_id=filing.report_id if drafted and filing is not None else None,
        reason=filing.reason if status in _DECIDED and filing is not None else None,
        changed_by=filing.changed_by if status not in {"open", "revised"} and filing is not None else None,
    )
    return [*found, pending]


def review_of(ground: Ground, filing: Filing | None, chain: Sequence[Submission], today: date) -> Deadline | None:
    """Return the review that an alert recommends and that nobody has held, closed or gone beyond."""
    held = filing is not None and (filing.status not in _DECIDED or ground.revision <= filing.revision)
    if not ground.review or ground.withdrawn or held or any(each.alert_id == ground.alert_id for each in chain):
        return None
    return Deadline(
        alert_id=ground.alert_id,
        kind="sar",
        rule=ground.rule,
        form="continuing" if chain else "initial",
        due=None,
        counted_from=f"the alert of {ground.detected}",
        days_left=None,
        status="review",
        revision=ground.revision,
        overdue=False,
        prior_bsa_id=chain[-1].bsa_id if chain else None,
    )


def cumulative_minor(chain: Sequence[Submission], need: Need, amount_minor: int) -> int | None:
    """Return the US cents of a whole chain with a new report of `amount_minor`; None unless it is a continuing one.

    A report that was corrected counts with its correction.
    """
    amounts = {each.bsa_id: each.amount_minor for each in chain}
    prior_of = {each.bsa_id: each.prior_bsa_id for each in chain if each.form == "correction"}
    form_of = {each.bsa_id: each.form for each in chain}
    form, prior = need.form, need.prior
    while form == "correction" and prior in form_of:
        form, prior = form_of[prior], prior_of.get(prior)
    if form != "continuing":
        return None
    corrected = {*prior_of.values(), need.prior if need.form == "correction" else None}
    return amount_minor + sum(amount for bsa_id, amount in amounts.items() if bsa_id not in corrected)


def _by_hand(filing: Filing, own: Sequence[Submission]) -> Need | None:
    if own and filing.status == "filed":
        return None
    counted = f"its determination on {filing.determined_on} by {filing.determined_by}"
    if own:
        return Need("sar", "correction", own[-1].bsa_id, filing.due, counted)
    form: Form = "continuing" if filing.prior_bsa_id else "initial"
    return Need("sar", form, filing.prior_bsa_id, filing.due, counted)


def _currency(ground: Ground, filing: Filing | None, own: Sequence[Submission]) -> Need | None:
    changed = ground.changed + timedelta(days=CTR_DUE_DAYS)
    if not own:
        declined = filing is not None and filing.status in _DECIDED
        due = max(ground.due, changed) if declined else ground.due
        return Need("ctr", "initial", None, due, "its revision" if declined else "its business day")
    if ground.revision <= own[-1].revision:
        return None
    return Need("ctr", "correction", own[-1].bsa_id, changed, f"its revision of {ground.changed}")


def _suspicion(
    ground: Ground, filing: Filing | None, chain: Sequence[Submission], own: Sequence[Submission]
) -> Need | None:
    reported = {name for each in chain for name in each.movements}
    fresh = frozenset(ground.movements) - reported
    # An officer who drafts the continuing report, or declines to correct, comes to it first.
    first = filing is not None and (
        (filing.status == "drafted" and filing.form == "continuing")
        or (_goes_on(filing) and ground.revision <= filing.revision)
    )
    if not (first and (fresh or _goes_on(filing))) and (corrected := _corrected(ground, own, fresh)) is not None:
        due = ground.changed + timedelta(days=SAR_DUE_DAYS)
        about = frozenset(ground.movements) & frozenset(corrected.movements) or frozenset(ground.movements) - fresh
        return Need("sar", "correction", corrected.bsa_id, due, f"its revision of {ground.changed}", about)
    last = chain[-1] if chain else None
    determined = _determined(filing)
    if last is not None and (ground.movements or own):
        if not fresh:
            return None
        detected = ground.changed if own else ground.detected
        if determined is not None and determined > last.filed_on:
            detected = determined
        rhythm, new = last.filed_on + timedelta(days=CONTINUED_DAYS), detected + timedelta(days=SAR_DUE_DAYS)
        counted = f"the report of {last.filed_on}" if rhythm >= new else f"its detection on {detected}"
        return Need("sar", "continuing", last.bsa_id, max(rhythm, new), counted, fresh)
    if determined is not None and filing is not None:
        due = determined + timedelta(days=SAR_DUE_DAYS)
        return Need("sar", "initial", None, due, f"its determination on {determined} by {filing.determined_by}")
    if filing is not None and filing.status in _DECIDED:
        due = max(ground.due, ground.changed + timedelta(days=SAR_DUE_DAYS))
        return Need("sar", "initial", None, due, f"its revision of {ground.changed}")
    return Need("sar", "initial", None, ground.due, f"the alert of {ground.detected}")


def _goes_on(filing: Filing | None) -> bool:
    """Whether what was declined is a correction alone: movements that no report has told are due all the same."""
    declined = filing is not None and filing.status == "declined" and filing.form == "correction"
    return declined and filing is not None and filing.kind == "sar" and not filing.by_hand


def _determined(filing: Filing | None) -> date | None:
    """Return the day on which an officer determined that it is suspicious, until that is filed or declined."""
    return filing.determined_on if filing is not None and filing.status in {"determined", "drafted"} else None


def _corrected(ground: Ground, own: Sequence[Submission], fresh: frozenset[str]) -> Submission | None:
    """Return the report of this alert that what changed is in; None where what it told still holds.

    A movement that is no longer named may only have left the rule's window; one that is named with another amount has
    changed, and so has something where a revision brings nothing new.
    """
    told = {name: minor for each in own for name, minor in each.movements.items()}
    changed = {name for name, minor in ground.movements.items() if name in told and told[name] != minor}
    for each in reversed(own):
        if changed & set(each.movements):
            return each
    return own[-1] if own and not fresh and ground.revision > max(each.revision for each in own) else None


def _filed(each: Submission, rule: str, last: bool, today: date) -> Deadline:
    review = each.filed_on + timedelta(days=REVIEW_DAYS) if last and each.kind == "sar" else None
    return Deadline(
        alert_id=each.alert_id,
        kind=each.kind,
        rule=rule,
        form=each.form,
        due=_text(each.due),
        counted_from=each.counted_from,
        days_left=None if each.due is None else (each.due - today).days,
        status="filed",
        revision=each.revision,
        overdue=False,
        prior_bsa_id=each.prior_bsa_id,
        report_id=each.report_id,
        bsa_id=each.bsa_id,
        filed_on=_text(each.filed_on),
        review_on=_text(review),
        changed_by=each.filed_by,
    )


def _text(day: date | None) -> str | None:
    return None if day is None else day.isoformat()
