"""A remittance is judged against its own corridor's, which are told when enough are known."""

from __future__ import annotations

from math import log

import pytest

from lakay_streams.contracts.movements import encode_peers, fold_peers
from lakay_streams.domain.compliance.corridors import TOLD_FROM, CorridorState, Peers, observe
from tests.domain.compliance.customer import Customer

PEERS = {"USD>HT": Peers(200, log(200_00), 0.5)}


@pytest.mark.parametrize(
    ("story", "expected"),
    [
        ("03-10 12:00 remit 2,000 wallet to stranger", ""),
        (
            "03-10 09:00 payout 2,000 from sol\n03-10 12:00 remit 2,000 wallet to stranger",
            "corridor:review",
        ),
        (
            """03-10 09:00 payout 2,000 from sol
               03-09 09:00 remit 50 wallet to mother
               03-10 12:00 remit 2,000 wallet to mother""",
            "",
        ),
        (
            "\n".join(f"03-0{day} 12:00 remit 100 wallet to p{day}" for day in range(3, 9))
            + "\n03-09 12:00 remit 1,990 wallet to p9",
            "corridor:review",
        ),
        ("03-10 09:00 payout 200 from sol\n03-10 12:00 remit 200 wallet to stranger", ""),
        ("03-09 12:00:00 payout 2,000 from sol\n03-10 12:00:00 remit 2,000 wallet to stranger", "corridor:review"),
        ("03-09 11:59:59 payout 2,000 from sol\n03-10 12:00:00 remit 2,000 wallet to stranger", ""),
        ("03-09 13:00 payout 4,000.00 from sol\n03-10 12:00 remit 2,000 wallet to stranger", "corridor:review"),
        ("03-09 13:00 payout 4,000.01 from sol\n03-10 12:00 remit 2,000 wallet to stranger", ""),
    ],
    ids=[
        "large to a new payee",
        "and sent on from a payout",
        "to a known payee",
        "one of many payees",
        "ordinary",
        "a day after a payout",
        "a second more",
        "half of a payout",
        "a cent less than half",
    ],
)
def test_what_stands_out(story: str, expected: str) -> None:
    assert Customer(peers=PEERS).lives(story).found == expected


def test_without_peers_nothing_stands_out() -> None:
    assert Customer().lives("03-10 09:00 payout 2,000 from sol\n03-10 12:00 remit 2,000 wallet to stranger").found == ""


def test_a_corridor_is_told_from_fifty_on_and_with_a_quarter_more() -> None:
    state, told = CorridorState(), []
    for number in range(100):
        state, peers = observe(state, 100_00 + number % 7 * 20_00, b"")
        if peers is not None:
            told.append((number + 1, peers))
    assert [number for number, _ in told] == [TOLD_FROM, 62, 78, 98]
    assert told[0][1].mean == pytest.approx(log(155_00), rel=0.02)
    assert told[0][1].spread >= 0.25


def test_what_is_told_of_a_corridor_is_read_back() -> None:
    peers = PEERS["USD>HT"]
    assert fold_peers({}, encode_peers("USD>HT", peers)) == {"USD>HT": peers}
    assert fold_peers(PEERS, None) == PEERS


@pytest.mark.parametrize(("senders", "found"), [(6, True), (2, False)], ids=["six", "two"])
def test_money_of_many_senders_that_is_sent_on_stands_out(senders: int, found: bool) -> None:
    gifts = "\n".join(f"03-0{3 + number} 12:00 receive 50 from s{number}" for number in range(senders))
    customer = Customer(peers=PEERS).lives(f"{gifts}\n03-09 12:00 remit 2,000 wallet to stranger")
    assert ("corridor:review" in customer.found) == found
