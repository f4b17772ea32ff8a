"""Failing circle: contributions stop, members leave, and the circle breaks before everybody had their turn.

1  half of the contributions are missed from the first round on, and it breaks half-way
2  a fifth at first and most at the end, with members leaving; it breaks after two thirds
3  it begins like any other and decays round by round, until it breaks just before the end
"""

from __future__ import annotations

from lakay_streams.simulator.circles import Course, agree, run_circle
from lakay_streams.simulator.scenarios.scene import Scene
from lakay_streams.simulator.world import Process

_COURSES = {
    1: Course(0.55, 1.0, 0.4, breaks_at=0.5),
    2: Course(0.2, 0.8, 0.25, breaks_at=0.7),
    3: Course(0.04, 0.6, 0.15, breaks_at=0.9),
}


def play(scene: Scene, at: int) -> Process:
    """Play it at the scene's stealth; the scene's person organises it."""
    plan = agree(scene.world, scene.rng, scene.person, scene.rng.randint(6, 8), "weekly")
    yield from run_circle(scene.world, scene.rng, at, plan, _COURSES[scene.stealth], scene.episode)
