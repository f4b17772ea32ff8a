"""When a user is usually active, on a circle: the hours of the day, the days of the week.

Hours are angles: 23:30 and 0:30 are an hour apart, and their mean is midnight. What is kept are the mean cosines and
sines of the angle and its first multiples (the trigonometric moments), each an exponential moving average. They give

- the mean direction and its concentration kappa, as for one von Mises distribution, for people to read (Best and
  Fisher, "The bias of the maximum likelihood estimators of the von Mises-Fisher concentration parameters", 1981);
- the density at any time: the von Mises kernel estimate (Taylor, "Automatic bandwidth selection for circular density
  estimation", 2008), whose Fourier series is the moments times the kernel's. People have several peaks a day, before
  work and after it, which a single von Mises distribution (Correa Bahnsen et al., "Feature engineering strategies for
  credit card fraud detection", 2016) would blur into noon.

A phase is a place on the circle in [0, 1).
"""

from __future__ import annotations

from math import atan2, cos, hypot, pi, sin

from lakay_streams.domain.frozen import Frozen, astuple

DECAY = 0.05
"""The share of the newest session. Slower than the averages' own: a density takes more sessions than a mean."""

KERNEL = (0.89338, 0.64265, 0.37927, 0.18753, 0.07922)
"""The von Mises kernel's Fourier coefficients, I_p(5) / I_0(5): kappa 5 is a standard deviation of 1.8 hours a day."""

PRIOR_SESSIONS = 2.0
"""The estimate begins even all around, with the weight of so many sessions."""

USUAL_DENSITY = 0.5
RARE_DENSITY = 0.2
"""Times the even density: from the first downwards a time is unusual, at the second fully."""

_MEMORY = (2.0 - DECAY) / DECAY
_TURN = 2.0 * pi


class Rhythm(Frozen):
    """How many sessions were learned, and the mean of cos and sin of the angle, of its double, and so on to five."""

    history: int = 0
    cos_1: float = 0.0
    sin_1: float = 0.0
    cos_2: float = 0.0
    sin_2: float = 0.0
    cos_3: float = 0.0
    sin_3: float = 0.0
    cos_4: float = 0.0
    sin_4: float = 0.0
    cos_5: float = 0.0
    sin_5: float = 0.0


def learn(rhythm: Rhythm, phase: float) -> Rhythm:
    """Return the rhythm with one more session at `phase`."""
    history, cos_1, sin_1, cos_2, sin_2, cos_3, sin_3, cos_4, sin_4, cos_5, sin_5 = astuple(rhythm)
    x_1, y_1, x_2, y_2, x_3, y_3, x_4, y_4, x_5, y_5 = _harmonics(phase)
    history += 1
    weight = DECAY if history * DECAY > 1.0 else 1.0 / history
    return Rhythm(
        history,
        cos_1 + weight * (x_1 - cos_1),
        sin_1 + weight * (y_1 - sin_1),
        cos_2 + weight * (x_2 - cos_2),
        sin_2 + weight * (y_2 - sin_2),
        cos_3 + weight * (x_3 - cos_3),
        sin_3 + weight * (y_3 - sin_3),
        cos_4 + weight * (x_4 - cos_4),
        sin_4 + weight * (y_4 - sin_4),
        cos_5 + weight * (x_5 - cos_5),
        sin_5 + weight * (y_5 - sin_5),
    )


def density(rhythm: Rhythm, phase: float) -> float:
    """Return how likely the user is active at `phase`, as a multiple of the even density; 1 without history."""
    if not rhythm.history:
        return 1.0
    x_1, y_1, x_2, y_2, x_3, y_3, x_4, y_4, x_5, y_5 = _harmonics(phase)
    told = 1.0 + 2.0 * (
        KERNEL[0] * (rhythm.cos_1 * x_1 + rhythm.sin_1 * y_1)
        + KERNEL[1] * (rhythm.cos_2 * x_2 + rhythm.sin_2 * y_2)
        + KERNEL[2] * (rhythm.cos_3 * x_3 + rhythm.sin_3 * y_3)
        + KERNEL[3] * (rhythm.cos_4 * x_4 + rhythm.sin_4 * y_4)
        + KERNEL[4] * (rhythm.cos_5 * x_5 + rhythm.sin_5 * y_5)
    )
    sessions = min(float(rhythm.history), _MEMORY)
    # The series is cut off, so it may dip a little below zero where nobody ever is.
    return (sessions * max(told, 0.0) + PRIOR_SESSIONS) / (sessions + PRIOR_SESSIONS)


def rarity(rhythm: Rhythm, phase: float, tolerance: float = 1.0) -> float:
    """Return how unusual `phase` is, in [0, 1]; `tolerance` above 1 narrows what is unusual."""
    found, usual, rare = density(rhythm, phase), USUAL_DENSITY / tolerance, RARE_DENSITY / tolerance
    return 0.0 if found >= usual else min(1.0, (usual - found) / (usual - rare))


def mean_phase(rhythm: Rhythm) -> float | None:
    """Return the circular mean, None without history or where the sessions cancel out."""
    if not rhythm.history or hypot(rhythm.cos_1, rhythm.sin_1) < 1e-9:
        return None
    return atan2(rhythm.sin_1, rhythm.cos_1) / _TURN % 1.0


def concentration(rhythm: Rhythm) -> float:
    """Return kappa of the von Mises distribution with these moments: 0 for none, 2 for most within a quarter turn.

    Best and Fisher's approximation of the maximum likelihood estimate, with their correction below 16 sessions.
    """
    count = rhythm.history
    if not count:
        return 0.0
    length = min(hypot(rhythm.cos_1, rhythm.sin_1), 1.0 - 1e-6)
    if length < 0.53:
        kappa = length * (2.0 + length**2 * (1.0 + 5.0 * length**2 / 6.0))
    elif length < 0.85:
        kappa = -0.4 + 1.39 * length + 0.43 / (1.0 - length)
    else:
        kappa = 1.0 / (length**3 - 4.0 * length**2 + 3.0 * length)
    if count > 15:
        return kappa
    if kappa >= 2.0:
        return (count - 1) ** 3 * kappa / (count**3 + count)
    return max(kappa - 2.0 / (count * max(kappa, 1e-6)), 0.0)


def _harmonics(phase: float) -> tuple[float, ...]:
    # The angle's double, and sums of known angles: half the cost of a cosine and a sine for each.
    x_1, y_1 = cos(_TURN * phase), sin(_TURN * phase)
    x_2, y_2 = x_1 * x_1 - y_1 * y_1, 2.0 * x_1 * y_1
    x_3, y_3 = x_1 * x_2 - y_1 * y_2, x_1 * y_2 + y_1 * x_2
    x_4, y_4 = x_2 * x_2 - y_2 * y_2, 2.0 * x_2 * y_2
    return x_1, y_1, x_2, y_2, x_3, y_3, x_4, y_4, x_2 * x_3 - y_2 * y_3, x_2 * y_3 + y_2 * x_3
