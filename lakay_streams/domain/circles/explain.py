"""Why a circle has the health it has: a finding for each dimension that lost, then the integrity findings.

Reckoned for tier changes and pages only.
"""

from __future__ import annotations

from collections.abc import Iterator

from lakay_streams.domain.circles import integrity
from lakay_streams.domain.circles.health import Health, Paid, paid_by_round, progress_of, turnover_of, weights_of
from lakay_streams.domain.circles.limits import CircleLimits
from lakay_streams.domain.circles.state import Facts
from lakay_streams.domain.decision import Finding
from lakay_streams.domain.frozen import asdict, astuple, replace


def contributions(health: Health, limits: CircleLimits) -> dict[str, float]:
    """Return what each dimension adds to the score; they sum to it."""
    weights = asdict(weights_of(limits))
    return {name: round(weights[name] * value, 6) for name, value in asdict(health).items()}


def findings_of(facts: Facts, health: Health, limits: CircleLimits) -> tuple[Finding, ...]:
    """Return why the score is not 1, what lost most first. A dimension's finding scores what it lost of itself."""
    weights = weights_of(limits)
    own = [(weights.trust * finding.score, finding) for finding in integrity.findings_of(facts)]
    own += [(getattr(weights, name) * finding.score, finding) for name, finding in _dimensions(facts, health)]
    found = tuple(finding for _, finding in sorted(own, key=lambda each: -each[0]))
    if not facts.evidence_truncated:
        return found
    return tuple(replace(each, evidence={**each.evidence, "evidence_truncated": True}) for each in found)


def _dimensions(facts: Facts, health: Health) -> Iterator[tuple[str, Finding]]:
    rounds = paid_by_round(facts)
    if facts.failed_at is not None:
        yield (
            "membership",
            Finding("failed", 1.0, "The circle broke up before its end", {}, (), "With all members, no finding"),
        )
    elif health.membership < 1.0:
        turnover = turnover_of(facts)
        reason = f"{turnover.left} of {turnover.planned} members left"
        if turnover.recruited:
            reason += f", {turnover.recruited} came in after the first pot was paid out"
        yield (
            "membership",
            Finding(
                "membership",
                round(1.0 - health.membership, 6),
                reason,
                asdict(turnover),
                (),
                "With the members it began with, no finding",
            ),
        )
    if health.contribution < 1.0:
        total = Paid(*map(sum, zip(*map(astuple, rounds), strict=True)))
        reason = f"{total.missed} of {total.told} contributions were missed and {total.late} came late"
        evidence = {**asdict(total), "rounds": len(rounds), "evidence_truncated": facts.evidence_truncated}
        yield (
            "contribution",
            Finding(
                "contribution",
                round(1.0 - health.contribution, 6),
                reason,
                evidence,
                (),
                "With all in time, no finding",
            ),
        )
    if health.financial < 1.0:
        progress = progress_of(facts, rounds)
        due, moved = progress.due_in + progress.due_out, progress.came_in + progress.went_out
        yield (
            "financial",
            Finding(
                "financial",
                round(1.0 - health.financial, 6),
                f"{moved / due:.1%} of the money moved that should have moved by now",
                {
                    "came_in_minor": progress.came_in,
                    "due_in_minor": progress.due_in,
                    "went_out_minor": progress.went_out,
                    "due_out_minor": progress.due_out,
                    "currency": "" if facts.founding is None else facts.founding.currency,
                },
                (),
                "On schedule, no finding",
            ),
        )
