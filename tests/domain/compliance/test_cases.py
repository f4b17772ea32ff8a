"""What compliance finds, case by case: amounts and times on one side, what must be open at the end on the other.

Written from the regulations that the rules cite. Boundaries stand a cent and a second on each side. How the lines are
read is told in `customer.py`; what is open is a rule and its recommendation: file (a currency transaction report), sar,
review, monitor, or complete (the record).
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from lakay_streams.domain.business_day import ZONES
from lakay_streams.domain.compliance.limits import DEFAULT_LIMITS, ComplianceLimits
from tests.domain.compliance.customer import Customer

FORTNIGHTLY = "\n".join(
    f"{day} 12:00 deposit 200 bank"
    for day in ["01-02", "01-16", "01-30", "02-13", "02-27", "03-13", "03-27", "04-10", "04-24", "05-08", "05-22"]
)

#: name, story, what is open at the end
CASES: list[tuple[str, str, str]] = [
    # --- Currency transaction reports: 31 CFR 1010.311, 1010.313 ---
    ("exactly the threshold is not more", "03-10 12:00 deposit 10,000.00 cash", "ctr_warning:monitor"),
    ("a cent more is", "03-10 12:00 deposit 10,000.01 cash", "ctr:file"),
    ("a cent less is announced", "03-10 12:00 deposit 9,999.99 cash", "ctr_warning:monitor"),
    ("the warning begins at 90%", "03-10 12:00 deposit 9,000.00 cash", "ctr_warning:monitor"),
    ("and not a cent before", "03-10 12:00 deposit 8,999.99 cash", ""),
    ("a hundredth of a cent more, in gourdes", "03-10 12:00 deposit 1,310,615.99 HTG cash", "ctr:file"),
    ("a hundredth of a cent less, in gourdes", "03-10 12:00 deposit 1,310,615.98 HTG cash", "ctr_warning:monitor"),
    (
        "parts that make a fraction of a cent more together",
        """03-10 09:00 deposit 655,308.00 HTG cash
           03-10 17:00 deposit 655,307.99 HTG cash""",
        "ctr:file",
    ),
    (
        "parts that make a fraction of a cent less",
        """03-10 09:00 deposit 655,307.99 HTG cash
           03-10 17:00 deposit 655,307.99 HTG cash""",
        "ctr_warning:monitor",
    ),
    (
        "what is taken back leaves no part of a cent",
        """03-10 09:00 deposit 100.01 HTG cash
           03-10 12:00 deposit 10,000.00 cash
           03-10 15:00 fails 1""",
        "",
    ),
    (
        "close to a report one way, and due the other",
        """03-10 09:00 deposit 12,000 cash
           03-10 17:00 withdraw 9,500 cash""",
        "ctr:file ctr_warning:monitor",
    ),
    (
        "far from it one way, and due the other",
        """03-10 09:00 deposit 12,000 cash
           03-10 17:00 withdraw 8,999.99 cash""",
        "ctr:file",
    ),
    (
        "two that make exactly the threshold",
        """03-10 09:00 deposit 5,000.00 cash
           03-10 17:00 deposit 5,000.00 cash""",
        "ctr_warning:monitor",
    ),
    (
        "two that make a cent more are one report",
        """03-10 09:00 deposit 5,000.00 cash
           03-10 17:00 deposit 5,000.01 cash""",
        "ctr:file",
    ),
    (
        "the first and the last second of a day",
        """03-10 00:00:00 deposit 6,000 cash
           03-10 23:59:59 deposit 6,000 cash""",
        "ctr:file",
    ),
    (
        "the last second of a day and the first of the next",
        """03-10 23:59:59 deposit 6,000 cash
           03-11 00:00:00 deposit 6,000 cash""",
        "",
    ),
    (
        "the day of 23 hours, from end to end",
        """03-08 00:00:00 deposit 6,000 cash
           03-08 23:59:59 deposit 6,000 cash""",
        "ctr:file",
    ),
    (
        "the day of 23 hours ends at midnight",
        """03-08 23:59:59 deposit 6,000 cash
           03-09 00:00:00 deposit 6,000 cash""",
        "",
    ),
    (
        "the day of 25 hours, from end to end",
        """11-01 00:00:00 deposit 6,000 cash
           11-01 23:59:59 deposit 6,000 cash""",
        "ctr:file",
    ),
    (
        "the day of 25 hours begins at midnight",
        """10-31 23:59:59 deposit 6,000 cash
           11-01 00:00:00 deposit 6,000 cash""",
        "",
    ),
    (
        "in and out are added up apart",
        """03-10 09:00 withdraw 10,000.00 cash
           03-10 12:00 deposit 10,000.00 cash""",
        "ctr_warning:monitor",
    ),
    (
        "in and out are never netted",
        """03-10 09:00 withdraw 8,000 cash
           03-10 12:00 deposit 10,000.01 cash""",
        "ctr:file",
    ),
    (
        "both ways above it are one report",
        """03-10 09:00 withdraw 10,000.01 cash
           03-10 12:00 deposit 10,000.01 cash""",
        "ctr:file",
    ),
    ("cash out counts as cash in does", "03-10 12:00 withdraw 10,000.01 cash", "ctr:file"),
    ("a bank transfer is no currency", "03-10 12:00 deposit 50,000 bank", ""),
    ("a card is no currency", "03-10 12:00 deposit 50,000 card", ""),
    ("a wallet is no currency", "03-10 12:00 transfer 50,000 wallet to anne", ""),
    ("a money order is no currency", "03-10 12:00 deposit 12,000 money_order", ""),
    ("where nobody says, it is taken for cash", "03-10 12:00 deposit 10,000.01 -", "ctr:file"),
    ("cash to be sent on is cash handed in", "03-10 12:00 remit 10,000.01 cash to mother", "ctr:file"),
    ("cash transferred to a user, too", "03-10 12:00 transfer 10,000.01 cash to anne", "ctr:file"),
    ("what another user sends is no currency", "03-10 12:00 receive 20,000 from anne", ""),
    ("a circle's payout in cash", "03-10 12:00 cash-payout 10,000.01 from sol", "ctr:file"),
    ("a circle's payout to an account", "03-10 12:00 payout 10,000.01 from sol", ""),
    ("one that was only asked for", "03-10 12:00 asks 20,000 cash", ""),
    ("one told as completed before it was asked for", "03-10 12:00 backwards 10,000.01 cash", "ctr:file"),
    ("what was completed counts, not what was asked", "03-10 12:00 less 10,000.01 9,000 cash", "ctr_warning:monitor"),
    (
        "the same transaction told twice counts once",
        """03-10 12:00 deposit 6,000 cash
           03-10 12:05 again 1""",
        "",
    ),
    (
        "a report is withdrawn when a part fails",
        """03-10 09:00 deposit 6,000 cash
           03-10 12:00 deposit 6,000 cash
           03-10 15:00 fails 2""",
        "",
    ),
    (
        "and stands when enough is left",
        """03-10 09:00 deposit 9,100 cash
           03-10 12:00 deposit 900 cash
           03-10 13:00 deposit 900.01 cash
           03-10 15:00 fails 3""",
        "ctr_warning:monitor structuring:review",
    ),
    (
        "a failure days later is taken back from its own day",
        """03-10 12:00 deposit 10,000.01 cash
           03-14 12:00 fails 1""",
        "",
    ),
    (
        "a type that nobody knows is told and never taken for cash handed in",
        "03-10 12:00 hawala 10,000.01 cash",
        "unknown_type:review",
    ),
    (
        "a failure told twice is taken back once",
        """03-10 09:00 deposit 9,500 cash
           03-10 12:00 deposit 600 cash
           03-10 15:00 fails 2
           03-10 16:00 fails 2""",
        "ctr_warning:monitor",
    ),
    (
        "failed first and completed afterwards counts",
        """03-10 12:00 deposit 10,000.01 cash
           03-10 13:00 fails 1
           03-10 14:00 again 1""",
        "ctr:file",
    ),
    (
        "a pay-out that fails does not undo what was handed in",
        """03-10 12:00 remit 10,000.01 cash to mother
           03-11 09:00 fails 1""",
        "ctr:file",
    ),
    (
        "euros are converted, and half a cent less is not more",
        "03-10 12:00 deposit 8,532.42 EUR cash",
        "ctr_warning:monitor",
    ),
    ("euros of a cent more", "03-10 12:00 deposit 8,532.43 EUR cash", "ctr:file"),
    ("gourdes worth 10,000.00008 dollars are more", "03-10 12:00 deposit 1,310,616.00 HTG cash", "ctr:file"),
    ("gourdes of a cent more", "03-10 12:00 deposit 1,310,617.00 HTG cash", "ctr:file"),
    (
        "currencies of one day are added up",
        """03-10 09:00 deposit 5,000 EUR cash
           03-10 12:00 deposit 4,140.01 USD cash""",
        "ctr:file",
    ),
    ("a currency without a rate is a finding", "03-10 12:00 deposit 2,000,000 JPY cash", "unknown_currency:review"),
    (
        "and does not hide what can be converted",
        """03-10 09:00 deposit 2,000,000 JPY cash
           03-10 12:00 deposit 10,000.01 USD cash""",
        "ctr:file unknown_currency:review",
    ),
    # --- Circles told twice: as a transaction, and by the circle ---
    (
        "a contribution told twice is one",
        """03-10 12:00 paid-in 5,000.01 cash to sol
           03-10 12:01 contribute 5,000.01 to sol""",
        "",
    ),
    (
        "also when the circle tells it first",
        """03-10 12:01 contribute 5,000.01 to sol
           03-10 12:00 paid-in 5,000.01 cash to sol""",
        "",
    ),
    (
        "two contributions told twice are two",
        """03-10 12:00 paid-in 5,000.01 cash to sol
           03-10 12:01 contribute 5,000.01 to sol
           03-10 13:00 paid-in 5,000.01 cash to sol
           03-10 13:01 contribute 5,000.01 to sol""",
        "ctr:file",
    ),
    (
        "contributions to two circles are two",
        """03-10 12:00 paid-in 5,000.01 cash to sol
           03-10 12:01 contribute 5,000.01 to other""",
        "ctr:file",
    ),
    (
        "taken for cash until the transaction says otherwise",
        """03-10 12:01 contribute 10,000.01 to sol
           03-10 12:00 paid-in 10,000.01 wallet to sol""",
        "",
    ),
    # --- Structuring: 31 USC 5324, 31 CFR 1010.314 ---
    ("one amount near the threshold is never reported", "03-10 12:00 deposit 9,999.99 cash", "ctr_warning:monitor"),
    (
        "three just below the threshold in a day",
        """03-10 09:00 deposit 9,500 cash
           03-10 12:00 deposit 9,400 cash
           03-10 15:00 deposit 9,600 cash""",
        "ctr:file ctr_warning:monitor structuring:sar",
    ),
    (
        "four just below 3,000 in a day",
        """03-10 09:00 deposit 2,900 cash
           03-10 11:00 deposit 2,950 cash
           03-10 13:00 deposit 2,900 cash
           03-10 15:00 deposit 2,950 cash""",
        "ctr:file structuring:sar",
    ),
    (
        "together not above the threshold",
        """03-10 09:00 deposit 3,333.33 cash
           03-10 11:00 deposit 3,333.33 cash
           03-10 13:00 deposit 3,333.34 cash""",
        "ctr_warning:monitor",
    ),
    (
        "cash and money orders together",
        """03-10 09:00 deposit 1,500 cash
           03-10 10:00 deposit 1,520 money_order
           03-10 11:00 deposit 1,480 cash
           03-10 12:00 deposit 1,500 money_order
           03-10 13:00 deposit 1,520 cash
           03-10 14:00 deposit 1,480 money_order
           03-10 15:00 deposit 1,500 cash""",
        "structuring:sar",
    ),
    (
        "money orders alone",
        """03-10 09:00 deposit 2,900 money_order
           03-10 11:00 deposit 2,950 money_order
           03-10 13:00 deposit 2,900 money_order
           03-10 15:00 deposit 2,950 money_order""",
        "structuring:sar",
    ),
    (
        "split among recipients",
        """03-10 09:00 transfer 3,500 cash to anne
           03-10 10:00 transfer 3,500 cash to paul
           03-10 11:00 transfer 3,500 cash to marie""",
        "ctr:file structuring:review",
    ),
    (
        "on either side of midnight",
        """03-10 23:50 deposit 9,900 cash
           03-11 00:10 deposit 9,900 cash""",
        "ctr_warning:monitor ctr_warning:monitor structuring:sar",
    ),
    (
        "two of them weeks apart are looked at, not reported",
        """03-10 12:00 deposit 9,900 cash
           03-25 12:00 deposit 9,900 cash""",
        "ctr_warning:monitor ctr_warning:monitor structuring:review",
    ),
    (
        "on the first and the last day of the lookback",
        """03-10 12:00 deposit 9,900 cash
           04-08 12:00 deposit 9,900 cash""",
        "ctr_warning:monitor ctr_warning:monitor structuring:review",
    ),
    (
        "a day further apart",
        """03-10 12:00 deposit 9,900 cash
           04-09 12:00 deposit 9,900 cash""",
        "ctr_warning:monitor ctr_warning:monitor",
    ),
    (
        "slowly, just below 3,000",
        "\n".join(f"03-{day:02} 12:00 deposit 2,900 cash" for day in (2, 5, 9, 12, 16)),
        "structuring:sar",
    ),
    (
        "equal takings without a sign of intent are looked at, not reported",
        "\n".join(f"03-{day:02} 18:00 deposit 1,500 cash" for day in range(2, 12)),
        "structuring:review",
    ),
    (
        "many small amounts are no parts of a large one",
        "\n".join(f"03-{1 + number // 2:02} {9 + number % 2 * 6:02}:00 deposit 300 cash" for number in range(44)),
        "",
    ),
    (
        "a part above the threshold is no part",
        """03-10 09:00 deposit 12,000 cash
           03-10 12:00 deposit 500 cash""",
        "ctr:file",
    ),
    (
        "two even halves are a report and no suspicion",
        """03-10 09:00 deposit 6,000 cash
           03-10 12:00 deposit 6,000 cash""",
        "ctr:file",
    ),
    (
        "by bank there is nothing to evade",
        "\n".join(f"03-{day:02} 12:00 deposit 2,900 bank" for day in (2, 5, 9, 12, 16)),
        "",
    ),
    (
        "withdrawals are split as deposits are",
        """03-10 09:00 withdraw 9,500 cash
           03-10 12:00 withdraw 9,400 cash
           03-10 15:00 withdraw 9,600 cash""",
        "ctr:file ctr_warning:monitor structuring:sar",
    ),
    (
        "in and out do not add up",
        """03-10 09:00 withdraw 6,000 cash
           03-11 12:00 deposit 6,000 cash""",
        "",
    ),
    (
        "not withdrawn when a part fails: what was attempted counts",
        """03-10 09:00 deposit 2,900 money_order
           03-10 11:00 deposit 2,950 money_order
           03-10 13:00 deposit 2,900 money_order
           03-10 15:00 deposit 2,950 money_order
           03-10 17:00 fails 4""",
        "structuring:sar",
    ),
    (
        "told late, found all the same",
        """03-05 12:00 deposit 2,900 cash
           03-09 12:00 deposit 2,900 cash
           03-12 12:00 deposit 2,900 cash
           03-02 12:00 deposit 2,900 cash""",
        "structuring:sar",
    ),
    (
        "one near the threshold and petty cash are a report and no suspicion",
        """03-10 09:00 deposit 9,900 cash
           03-10 10:00 deposit 20 cash
           03-10 11:00 deposit 20 cash
           03-10 12:00 deposit 20 cash
           03-10 13:00 deposit 20 cash
           03-10 14:00 deposit 20 cash
           03-10 15:00 deposit 20 cash
           03-10 16:00 deposit 20 cash
           03-10 17:00 deposit 20 cash""",
        "ctr:file ctr_warning:monitor structuring:review",
    ),
    (
        "one near the threshold, and what makes it a cent more",
        """03-10 09:00 deposit 9,999.99 cash
           03-10 12:00 deposit 0.02 cash""",
        "ctr:file ctr_warning:monitor",
    ),
    (
        "on two days exactly the threshold",
        """03-10 12:00 deposit 5,000.00 cash
           03-11 12:00 deposit 5,000.00 cash""",
        "",
    ),
    (
        "rounded to whole thousands in a day",
        """03-10 09:00 deposit 3,000 cash
           03-10 11:00 deposit 3,000 cash
           03-10 13:00 deposit 3,000 cash
           03-10 15:00 deposit 3,000 cash""",
        "ctr:file ctr_warning:monitor structuring:sar",
    ),
    (
        "rounded to whole thousands over weeks",
        """03-02 12:00 deposit 9,000 cash
           03-09 12:00 deposit 9,000 cash
           03-16 12:00 deposit 9,000 cash""",
        "ctr_warning:monitor ctr_warning:monitor ctr_warning:monitor structuring:sar",
    ),
    (
        "two hours on either side of midnight",
        """03-10 22:00:00 deposit 9,900 cash
           03-11 02:00:00 deposit 9,900 cash""",
        "ctr_warning:monitor ctr_warning:monitor structuring:sar",
    ),
    (
        "a second before two hours before midnight",
        """03-10 21:59:59 deposit 9,900 cash
           03-11 01:00:00 deposit 9,900 cash""",
        "ctr_warning:monitor ctr_warning:monitor structuring:review",
    ),
    (
        "a second after two hours after midnight",
        """03-10 23:00:00 deposit 9,900 cash
           03-11 02:00:01 deposit 9,900 cash""",
        "ctr_warning:monitor ctr_warning:monitor structuring:review",
    ),
    (
        "on either side of the midnight that ends 23 hours",
        """03-08 23:50 deposit 9,900 cash
           03-09 00:10 deposit 9,900 cash""",
        "ctr_warning:monitor ctr_warning:monitor structuring:sar",
    ),
    (
        "a part of exactly the threshold is one",
        """03-10 12:00 deposit 10,000.00 cash
           03-11 12:00 deposit 9,000 cash""",
        "ctr_warning:monitor ctr_warning:monitor structuring:review",
    ),
    (
        "a part of a cent more is none",
        """03-10 12:00 deposit 10,000.01 cash
           03-11 12:00 deposit 9,000 cash""",
        "ctr:file ctr_warning:monitor",
    ),
    (
        "over weeks from 500 on average",
        "\n".join(f"03-{1 + number // 2:02} {9 + number % 2 * 6:02}:00 deposit 500.00 cash" for number in range(21)),
        "structuring:review",
    ),
    (
        "and not a cent less on average",
        "\n".join(f"03-{1 + number // 2:02} {9 + number % 2 * 6:02}:00 deposit 499.99 cash" for number in range(21)),
        "",
    ),
    # --- Rapid movement ---
    (
        "exactly the ratio",
        """03-10 09:00 deposit 5,000 bank
           03-10 15:00 transfer 4,000 wallet to anne""",
        "rapid_movement:review",
    ),
    (
        "a cent less than the ratio",
        """03-10 09:00 deposit 5,000 bank
           03-10 15:00 transfer 3,999.99 wallet to anne""",
        "",
    ),
    (
        "exactly 24 hours later",
        """03-10 09:00:00 deposit 5,000 bank
           03-11 09:00:00 transfer 5,000 wallet to anne""",
        "rapid_movement:review",
    ),
    (
        "a second more than 24 hours later",
        """03-10 09:00:00 deposit 5,000 bank
           03-11 09:00:01 transfer 5,000 wallet to anne""",
        "",
    ),
    (
        "from the floor on",
        """03-10 09:00 deposit 900.00 bank
           03-10 15:00 transfer 900.00 wallet to anne""",
        "rapid_movement:review",
    ),
    (
        "a cent below the floor",
        """03-10 09:00 deposit 899.99 bank
           03-10 15:00 transfer 899.99 wallet to anne""",
        "",
    ),
    (
        "out in pieces",
        """03-10 09:00 deposit 2,000 bank
           03-10 12:00 transfer 600 wallet to anne
           03-10 15:00 withdraw 600 bank
           03-10 18:00 transfer 600 wallet to paul""",
        "rapid_movement:review",
    ),
    (
        "time after time",
        "\n".join(
            f"03-{day} 09:00 deposit 3,000 bank\n03-{day} 10:00 transfer 2,950 wallet to anne" for day in (10, 13, 16)
        ),
        "rapid_movement:sar",
    ),
    (
        "a circle's payout may leave at once",
        """03-10 09:00 payout 5,000 from sol
           03-10 10:00 transfer 4,900 wallet to anne""",
        "",
    ),
    (
        "payday, and some of it sent home",
        """03-13 09:00 deposit 2,400 bank
           03-13 18:00 remit 500 wallet to mother""",
        "",
    ),
    (
        "money brought to be sent on never came in",
        """03-10 09:00 deposit 3,000 bank
           03-10 10:00 remit 2,900 cash to mother""",
        "",
    ),
    (
        "not withdrawn when what left comes back: what was attempted counts",
        """03-10 09:00 deposit 5,000 bank
           03-10 15:00 transfer 5,000 wallet to anne
           03-10 16:00 fails 2""",
        "rapid_movement:review",
    ),
    (
        "what came in is told after what left",
        """03-10 15:00 transfer 5,000 wallet to anne
           03-10 09:00 deposit 5,000 bank""",
        "rapid_movement:review",
    ),
    (
        "what left before it came in is something else",
        """03-10 09:00 transfer 5,000 wallet to anne
           03-10 15:00 deposit 5,000 bank""",
        "",
    ),
    # --- Funnel ---
    (
        "four senders, and 60% goes on",
        "\n".join(f"03-10 {9 + number}:00 receive 400 from s{number}" for number in range(4))
        + "\n03-10 18:00 transfer 960 wallet to boss",
        "funnel:review",
    ),
    (
        "a cent less than 60%",
        "\n".join(f"03-10 {9 + number}:00 receive 400 from s{number}" for number in range(4))
        + "\n03-10 18:00 transfer 959.99 wallet to boss",
        "",
    ),
    (
        "three senders",
        "\n".join(f"03-10 {9 + number}:00 receive 400 from s{number}" for number in range(3))
        + "\n03-10 18:00 transfer 900 wallet to boss",
        "",
    ),
    (
        "one sender four times",
        "\n".join(f"03-10 {9 + number}:00 receive 400 from anne" for number in range(4))
        + "\n03-10 18:00 transfer 960 wallet to boss",
        "",
    ),
    (
        "ten senders, and it stays: a collection is looked at",
        "\n".join(f"03-10 {9 + number}:00 receive 400 from s{number}" for number in range(10)),
        "funnel:review",
    ),
    (
        "twelve senders, and it goes on",
        "\n".join(f"03-10 {9 + number}:00 receive 400 from s{number}" for number in range(12))
        + "\n03-10 22:00 transfer 4,700 wallet to boss",
        "funnel:sar rapid_movement:review",
    ),
    (
        "within exactly ten days",
        "\n".join(f"04-0{1 + number} 12:00:00 receive 400 from s{number}" for number in range(4))
        + "\n04-11 12:00:00 transfer 1,600 wallet to boss",
        "funnel:review",
    ),
    (
        "a second more than ten days after the first of four",
        "\n".join(f"04-0{1 + number} 12:00:00 receive 400 from s{number}" for number in range(4))
        + "\n04-11 12:00:01 transfer 1,600 wallet to boss",
        "",
    ),
    (
        "a funnel of 1,000",
        "\n".join(f"03-10 {9 + number}:00 receive 250 from s{number}" for number in range(4))
        + "\n03-10 18:00 transfer 600 wallet to boss",
        "funnel:review",
    ),
    (
        "a cent less is no funnel",
        "\n".join(f"03-10 {9 + number}:00 receive {249.99 if number else 250.02} from s{number}" for number in range(4))
        + "\n03-10 18:00 transfer 600 wallet to boss",
        "",
    ),
    (
        "nine senders, and it stays",
        "\n".join(f"03-10 {9 + number}:00 receive 400 from s{number}" for number in range(9)),
        "",
    ),
    # --- Circular flow ---
    (
        "most comes back from the same user",
        """03-10 09:00 transfer 2,000 wallet to anne
           03-11 09:00 receive 1,800 from anne""",
        "circular_flow:review",
    ),
    (
        "a cent less comes back",
        """03-10 09:00 transfer 2,000 wallet to anne
           03-11 09:00 receive 1,799.99 from anne""",
        "",
    ),
    (
        "it comes back from somebody else",
        """03-10 09:00 transfer 2,000 wallet to anne
           03-11 09:00 receive 2,000 from paul""",
        "",
    ),
    (
        "it comes back a second after three days",
        """03-10 09:00:00 transfer 2,000 wallet to anne
           03-13 09:00:01 receive 2,000 from anne""",
        "",
    ),
    (
        "it comes back after exactly three days",
        """03-10 09:00:00 transfer 2,000 wallet to anne
           03-13 09:00:00 receive 2,000 from anne""",
        "circular_flow:sar",
    ),
    (
        "1,000 come back",
        """03-10 09:00 transfer 1,000.00 wallet to anne
           03-11 09:00 receive 1,000.00 from anne""",
        "circular_flow:review",
    ),
    (
        "a cent less than 1,000 comes back",
        """03-10 09:00 transfer 999.99 wallet to anne
           03-11 09:00 receive 999.99 from anne""",
        "",
    ),
    # --- Travel rule: 31 CFR 1010.410 ---
    ("a remittance without a recipient", "03-10 12:00 remit 3,000.00 wallet", "travel_rule:complete"),
    ("a cent below the travel rule", "03-10 12:00 remit 2,999.99 wallet", ""),
    ("a complete remittance", "03-10 12:00 remit 3,000.00 wallet to mother", ""),
    ("how it was paid is not asked", "03-10 12:00 remit 3,000.00 - to mother", ""),
    ("a transfer at home without a recipient", "03-10 12:00 transfer 3,000.00 wallet", "travel_rule:complete"),
    ("a cent less at home", "03-10 12:00 transfer 2,999.99 wallet", ""),
    ("a complete transfer at home", "03-10 12:00 transfer 3,000.00 wallet to anne", ""),
    ("a payment to nobody known", "03-10 12:00 pay 3,000.00 wallet", "travel_rule:complete"),
    ("a withdrawal pays nobody else", "03-10 12:00 withdraw 3,000.00 bank", ""),
    ("a deposit pays nobody else", "03-10 12:00 deposit 3,000.00 bank", ""),
    ("what another user sends is theirs to record", "03-10 12:00 receive 3,000.00 from anne", ""),
    ("gourdes worth 3,000", "03-10 12:00 remit 393,185 HTG wallet", "travel_rule:complete"),
    ("gourdes worth half a cent less", "03-10 12:00 remit 393,184.14 HTG wallet", ""),
    ("gourdes worth less", "03-10 12:00 remit 393,183 HTG wallet", ""),
    ("yen without a rate are in no total", "03-10 12:00 remit 3,000,000 JPY wallet", "unknown_currency:review"),
    # --- Unusual volume ---
    (
        "far above what is usual",
        "\n".join(f"03-{day:02} 12:00 deposit 200 bank" for day in range(2, 7)) + "\n03-10 12:00 deposit 5,000 bank",
        "unusual_volume:review",
    ),
    (
        "a cent below the floor of volumes",
        "\n".join(f"03-{day:02} 12:00 deposit 200 bank" for day in range(2, 7)) + "\n03-10 12:00 deposit 4,999.99 bank",
        "",
    ),
    (
        "too little history",
        "\n".join(f"03-{day:02} 12:00 deposit 200 bank" for day in range(2, 6)) + "\n03-10 12:00 deposit 5,000 bank",
        "",
    ),
    (
        "exactly the multiplier",
        "\n".join(f"03-{day:02} 12:00 deposit 2,000 bank" for day in range(2, 7))
        + "\n03-10 12:00 deposit 6,000.00 bank",
        "",
    ),
    (
        "a cent above the multiplier",
        "\n".join(f"03-{day:02} 12:00 deposit 2,000 bank" for day in range(2, 7))
        + "\n03-10 12:00 deposit 6,000.01 bank",
        "unusual_volume:review",
    ),
    (
        "a fraction of a cent below the multiplier of a mean that is no whole cent",
        "\n".join(f"03-{day:02} 12:00 deposit 2,000.0{day % 2} bank" for day in range(2, 9))
        + "\n03-10 12:00 deposit 6,000.01 bank",
        "",
    ),
    (
        "against the thirty days before",
        "\n".join(f"03-{day:02} 12:00 deposit 200 bank" for day in range(2, 7)) + "\n04-01 12:00 deposit 5,000 bank",
        "unusual_volume:review",
    ),
    (
        "four days of the thirty before, of a customer known for longer",
        "\n".join(f"03-{day:02} 12:00 deposit 200 bank" for day in range(2, 7)) + "\n04-02 12:00 deposit 5,000 bank",
        "unusual_volume:review",
    ),
    (
        "every two weeks for months, and then far more",
        FORTNIGHTLY + "\n06-05 12:00 deposit 50,000 bank",
        "unusual_volume:review",
    ),
    (
        "every two weeks for months, and then a cent below the floor",
        FORTNIGHTLY + "\n06-05 12:00 deposit 4,999.99 bank",
        "",
    ),
    (
        "once a month, and then once more",
        """01-05 12:00 deposit 6,000 bank
           02-05 12:00 deposit 6,000 bank
           03-08 12:00 deposit 6,000 bank
           04-07 12:00 deposit 6,000 bank
           05-08 12:00 deposit 18,000 bank""",
        "",
    ),
    (
        "once a month, and then more than three times as much",
        """01-05 12:00 deposit 6,000 bank
           02-05 12:00 deposit 6,000 bank
           03-08 12:00 deposit 18,000.01 bank""",
        "unusual_volume:review",
    ),
    (
        "an account that slept for months",
        """01-05 12:00 deposit 200 bank
           05-08 12:00 deposit 5,000 bank""",
        "unusual_volume:review",
    ),
    ("a first movement is compared with nothing", "03-10 12:00 deposit 50,000 bank", ""),
    (
        "the thirtieth day after the first movement is a history",
        """03-10 12:00 deposit 200 bank
           04-09 12:00 deposit 5,000 bank""",
        "unusual_volume:review",
    ),
    (
        "the twenty-ninth is none",
        """03-10 12:00 deposit 200 bank
           04-08 12:00 deposit 5,000 bank""",
        "",
    ),
    (
        "a circle's payout explains a large day",
        "\n".join(f"03-{day:02} 12:00 deposit 200 bank" for day in range(2, 7)) + "\n03-10 12:00 payout 8,000 from sol",
        "",
    ),
]


@pytest.mark.parametrize(("story", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_what_is_found(story: str, expected: str) -> None:
    assert Customer().lives(story).found == expected


def test_there_are_at_least_sixty_cases_and_no_two_of_one_name() -> None:
    assert len({name for name, _, _ in CASES}) == len(CASES) >= 60


SPLIT = """03-10 09:00 deposit 9,500 cash
           03-10 12:00 deposit 9,400 cash
           03-10 15:00 deposit 9,600 cash"""
LATE = """03-10 23:30 deposit 6,000 cash
          03-11 00:30 deposit 6,000 cash"""

#: name, what is set, story, what is open at the end
SETTINGS: list[tuple[str, ComplianceLimits, str, str]] = [
    ("reports off stop reports alone", replace(DEFAULT_LIMITS, ctr_enabled=False), SPLIT, "structuring:sar"),
    (
        "reports off stop their warning, too",
        replace(DEFAULT_LIMITS, ctr_enabled=False),
        "03-10 09:00 deposit 9,500 cash",
        "",
    ),
    (
        "not taken for cash where nobody says",
        replace(DEFAULT_LIMITS, assume_cash=False),
        "03-10 12:00 deposit 10,000.01 -",
        "",
    ),
    ("Chicago's day ends an hour later", replace(DEFAULT_LIMITS, zone=ZONES["America/Chicago"]), LATE, "ctr:file"),
    ("New York's does not", DEFAULT_LIMITS, LATE, ""),
    (
        "a lower threshold",
        replace(DEFAULT_LIMITS, ctr_threshold_minor=5_000_00, ctr_warning_minor=4_500_00),
        "03-10 12:00 deposit 5,000.01 cash",
        "ctr:file",
    ),
    (
        "a warning that is adjusted",
        replace(DEFAULT_LIMITS, ctr_warning_minor=7_500_00),
        "03-10 12:00 deposit 7,500 cash",
        "ctr_warning:monitor",
    ),
    (
        "a longer lookback",
        replace(DEFAULT_LIMITS, lookback_days=45),
        """03-10 12:00 deposit 9,900 cash
           04-10 12:00 deposit 9,900 cash""",
        "ctr_warning:monitor ctr_warning:monitor structuring:review",
    ),
    (
        "a higher confidence for reports",
        replace(DEFAULT_LIMITS, sar_confidence=0.95),
        SPLIT,
        "ctr:file ctr_warning:monitor structuring:review",
    ),
]


@pytest.mark.parametrize(("limits", "story", "expected"), [case[1:] for case in SETTINGS], ids=[c[0] for c in SETTINGS])
def test_what_settings_change(limits: ComplianceLimits, story: str, expected: str) -> None:
    assert Customer(limits).lives(story).found == expected


def test_reports_that_are_switched_off_withdraw_none_that_is_still_due() -> None:
    customer = Customer().lives("03-10 09:00 deposit 12,000 cash\n03-10 10:00 deposit 500 cash")
    customer.limits = replace(DEFAULT_LIMITS, ctr_enabled=False)
    assert customer.lives("03-10 15:00 fails 2").found == "ctr:file"
    assert customer.the("ctr").finding.totals.cash_in_minor == 12_000_00
    assert customer.lives("03-10 16:00 fails 1").found == ""
