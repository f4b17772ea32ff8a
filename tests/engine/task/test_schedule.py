"""When the next checkpoint of a busy partition is due."""

from __future__ import annotations

import pytest

from lakay_streams.engine.task.schedule import pause_after


@pytest.mark.parametrize(
    ("took", "pause"),
    [
        pytest.param(0.0, 0.1, id="one that took no time: an interval after its beginning"),
        pytest.param(0.03, 0.07, id="a quick one: an interval after its beginning"),
        pytest.param(0.08, 0.08, id="a slow one: as long as it took"),
        pytest.param(2.0, 0.1, id="a very slow one: an interval"),
    ],
)
def test_a_pause_makes_up_for_a_quick_checkpoint_and_outlasts_a_slow_one(took: float, pause: float) -> None:
    assert pause_after(took, 0.1) == pytest.approx(pause)
