"""How far beyond a limit a measurement lies, as a score.

Every rule that measures uses one curve, so that scores of different rules mean the same: `AT_LIMIT` where the finding
begins, rising in a straight line to 1 where the measurement is `full`.
"""

from __future__ import annotations

AT_LIMIT = 0.7


def graded(value: float, limit: float, full: float) -> float:
    """Return the score of a `value` at or beyond `limit`: in [`AT_LIMIT`, 1], never falling as `value` grows."""
    if value >= full:
        return 1.0
    if value <= limit:
        return AT_LIMIT
    return AT_LIMIT + (1.0 - AT_LIMIT) * (value - limit) / (full - limit)
