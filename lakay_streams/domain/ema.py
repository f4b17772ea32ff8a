"""Exponential moving mean and variance of a series, one observation at a time.

The first `1 / decay` observations weigh the same (an average of few values must not hang on the first of them); from
then on each new one takes the share `decay`, and older ones fade. The recursion works on differences from the mean, so
that no large sums cancel out (Welford 1962; Finch, "Incremental calculation of weighted mean and variance", 2009).
"No data" is `history == 0`, never a mean of zero.
"""

from __future__ import annotations

from lakay_streams.domain.frozen import Frozen


class Ema(Frozen):
    """Mean and population variance of a series that fades, and how many observations it has had."""

    history: int = 0
    mean: float = 0.0
    variance: float = 0.0


def learn(ema: Ema, value: float, decay: float) -> Ema:
    """Return the average with one more observation; `decay` is in (0, 1]."""
    history = ema.history + 1
    weight = decay if history * decay > 1.0 else 1.0 / history
    delta = value - ema.mean
    step = weight * delta
    return Ema(history, ema.mean + step, (1.0 - weight) * (ema.variance + delta * step))
