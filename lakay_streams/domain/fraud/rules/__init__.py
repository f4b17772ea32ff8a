"""The rules of fraud, one to a file. A rule is a function from facts and limits to a finding or None.

`TRANSACTION_RULES` look at every transaction that is initiated, `USER_RULES` at what happens on
`trebanx.user.events`; `RULES` are all of them by name. Tests and documents discover them here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from lakay_streams.domain.decision import Finding
from lakay_streams.domain.fraud.facts import Facts
from lakay_streams.domain.fraud.limits import FraudLimits
from lakay_streams.domain.fraud.rules import (
    amount_24h,
    card_testing,
    ctr_daily,
    ctr_single,
    device_and_geography,
    failed_transactions,
    impossible_travel,
    ip_change,
    large_transaction,
    login_velocity,
    new_country,
    new_device,
    profile_change,
    transaction_count_1h,
    unknown_currency,
    unusual_amount,
    unusual_hour,
)

Rule = Callable[[Facts, FraudLimits], Finding | None]

RULES: Mapping[str, Rule] = {
    module.NAME: module.evaluate
    for module in (
        login_velocity,
        transaction_count_1h,
        amount_24h,
        large_transaction,
        unusual_amount,
        unusual_hour,
        ctr_single,
        ctr_daily,
        impossible_travel,
        new_device,
        new_country,
        ip_change,
        device_and_geography,
        profile_change,
        failed_transactions,
        card_testing,
        unknown_currency,
    )
}

TRANSACTION_RULES: tuple[Rule, ...] = tuple(RULES.values())
USER_RULES: tuple[Rule, ...] = (login_velocity.evaluate, impossible_travel.evaluate)
