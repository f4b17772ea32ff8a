"""The view shows what a snapshot holds, within the space there is."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from lakay_streams.demo.snapshot import Snapshot
from lakay_streams.demo.view import line, page, picture
from tests.demo.snapshots import ALERT, LOGIN, NOTHING_YET, RUNNING

CROWDED = RUNNING._replace(
    latest=(ALERT, LOGIN) * 20,
    alerts_by_rule={f"rule_{number}": 30 - number for number in range(16)},
    alerts_by_topic={"lakay.fraud.alerts": 42, "lakay.behavior.ato-alerts": 3, "lakay.compliance.alerts": 1},
)


def drawn(snapshot: Snapshot, width: int = 120, height: int = 36) -> list[str]:
    console = Console(file=io.StringIO(), width=width, height=height, force_terminal=False)
    with console.capture() as capture:
        console.print(page(snapshot, height))
    return capture.get().splitlines()


@pytest.mark.parametrize(
    "told",
    [
        "1,502 events/s",
        "98,765 events",
        "42 alerts",
        "7 rejects",
        "2,211 checkpoints",
        "35 waiting",
        "1:23",
        "trebanx.remittance.events",
        "impossible_travel",
        "11 critical, 31 high",
        "CRITICAL",
        "1,240.00 USD",
        "2,304 km in 12.0 minutes; an airliner needs 154",
        "9 logins within 10 minutes",
        "takeover",
        "profile change",
        "A stranger changed email now",
        "A device this user is not known by",
        "AT-RISK",
        "was watch",
        "1 member took the pot and left",
        "http://127.0.0.1:6066/stats",
        "kafka embedded",
    ],
)
def test_the_page_tells(told: str) -> None:
    assert told in "\n".join(drawn(RUNNING))


def test_a_page_without_alerts_says_so() -> None:
    assert "none yet" in "\n".join(drawn(NOTHING_YET))
    assert "none yet" not in "\n".join(drawn(RUNNING))


@pytest.mark.parametrize("height", [24, 30, 50])
@pytest.mark.parametrize("width", [80, 120, 200])
@pytest.mark.parametrize("snapshot", [NOTHING_YET, RUNNING, CROWDED], ids=["nothing", "running", "crowded"])
def test_the_page_fits_the_terminal(snapshot: Snapshot, width: int, height: int) -> None:
    lines = drawn(snapshot, width, height)
    assert len(lines) < height
    assert max(map(len, lines)) <= width


def test_the_newest_alert_comes_first() -> None:
    text = "\n".join(drawn(RUNNING))
    assert text.index("CRITICAL") < text.index("9 logins")


def test_a_line_holds_the_counts_and_the_latest_alert_without_colour() -> None:
    told = line(RUNNING)
    assert "98,765 events" in told
    assert "42 alerts; the latest: CRITICAL fraud 1,240.00 USD: 2,304 km in 12.0 minutes" in told
    assert "\x1b" not in told
    assert "\n" not in told


def test_a_line_without_alerts_has_the_counts_alone() -> None:
    assert line(NOTHING_YET).endswith("0 alerts")


def test_a_reason_with_square_brackets_is_shown_as_it_is() -> None:
    odd = ALERT._replace(reasons=("[bold]40 [/] of them",))
    assert "[bold]40 [/] of them" in "\n".join(drawn(RUNNING._replace(latest=(odd,))))


def test_the_picture_is_an_image_of_the_page() -> None:
    drawing = picture(RUNNING)
    assert drawing.startswith("<svg")
    assert "impossible_travel" in drawing
