"""What happened at Trebanx, in the domain's words.

`contracts` turns a validated record into one of these; nothing else builds them from the outside. Times are event
times in milliseconds since the epoch, UTC. Amounts are integer minor units of their currency (cents).
"""

from __future__ import annotations

from decimal import Decimal

from lakay_streams.domain.frozen import Frozen


class Place(Frozen):
    """Where an event came from, as far as it tells: degrees north and east, of which there are both or none.

    `country` is ISO 3166 alpha-2.
    """

    latitude: float | None
    longitude: float | None
    country: str | None = None
    city: str | None = None


class TransactionInitiated(Frozen):
    """A user asks to move money: the event that is scored. `occurred_at` is `initiated_at`, else `timestamp`.

    `original_transaction_id` is what a refund, reversal or chargeback gives back.
    """

    event_id: str
    event_type: str
    occurred_at: int
    user_id: str
    transaction_id: str
    amount_minor: int
    currency: str
    type: str
    recipient_id: str | None = None
    device_id: str | None = None
    ip_address: str | None = None
    place: Place | None = None
    payment_method: str | None = None
    original_transaction_id: str | None = None

    @property
    def entity_id(self) -> str:
        """The key its state lives under."""
        return self.user_id


class TransactionUpdated(Frozen):
    """What became of a transaction: `event_type` is transaction-completed, -failed or -flagged."""

    event_id: str
    event_type: str
    occurred_at: int
    user_id: str
    transaction_id: str
    amount_minor: int | None = None
    currency: str | None = None
    reason: str | None = None

    @property
    def entity_id(self) -> str:
        """The key its state lives under."""
        return self.user_id


class UserEvent(Frozen):
    """Anything on `trebanx.user.events`; `event_type` says which of the ten it is.

    `action` is the action's name for user-action-performed; `changed_fields` is filled for user-profile-updated;
    `duration_seconds` and `actions_count` for session-ended; `reason` for login-failed.
    """

    event_id: str
    event_type: str
    occurred_at: int
    user_id: str
    session_id: str | None = None
    device_id: str | None = None
    ip_address: str | None = None
    place: Place | None = None
    action: str | None = None
    changed_fields: tuple[str, ...] = ()
    duration_seconds: int | None = None
    actions_count: int | None = None
    reason: str | None = None

    @property
    def entity_id(self) -> str:
        """The key its state lives under."""
        return self.user_id


class ProfileDisposition(Frozen):
    """What an operator decided about a user's behaviour profile: `disposition` is reset or legitimate."""

    event_id: str
    event_type: str
    occurred_at: int
    user_id: str
    disposition: str

    @property
    def entity_id(self) -> str:
        """The key its state lives under."""
        return self.user_id


class AlertDisposition(Frozen):
    """What a compliance officer decided about an alert: `disposition` is cleared. `decided_by` may be unknown."""

    event_id: str
    event_type: str
    occurred_at: int
    user_id: str
    alert_id: str
    disposition: str
    reason: str
    decided_by: str | None = None

    @property
    def entity_id(self) -> str:
        """The key its state lives under."""
        return self.user_id


class CircleEvent(Frozen):
    """Anything on `trebanx.circle.events`; `event_type` says which of the eight it is.

    `user_id` is the member concerned: the organiser of circle-created, the recipient of circle-payout-executed.
    `amount_minor` is the contribution per round for circle-created. `members` and `rounds` are planned totals.
    """

    event_id: str
    event_type: str
    occurred_at: int
    circle_id: str
    user_id: str | None = None
    round: int | None = None
    amount_minor: int | None = None
    currency: str | None = None
    due_at: int | None = None
    members: int | None = None
    rounds: int | None = None
    position: int | None = None
    frequency: str | None = None
    device_id: str | None = None
    account_id: str | None = None
    reason: str | None = None

    @property
    def entity_id(self) -> str:
        """The key its state lives under."""
        return self.circle_id


class RemittanceEvent(Frozen):
    """remittance-initiated, -processing, -completed or -failed. Keyed by the user who sends."""

    event_id: str
    event_type: str
    occurred_at: int
    sender_id: str
    remittance_id: str
    recipient_id: str | None = None
    amount_minor: int | None = None
    currency: str | None = None
    receive_amount_minor: int | None = None
    receive_currency: str | None = None
    origin_country: str | None = None
    destination_country: str | None = None
    device_id: str | None = None
    ip_address: str | None = None
    place: Place | None = None
    payment_method: str | None = None
    reason: str | None = None

    @property
    def entity_id(self) -> str:
        """The key its state lives under."""
        return self.sender_id


class MoneyMoved(Frozen):
    """A user's money moved, as told by a topic that is not keyed by this user: `event_type` is money-moved.

    A circle's contribution or payout, or the recipient's side of a transfer or remittance. money-returned takes the
    movement of that id back, and has nothing but it. `counterparty_id` is the other user, or the circle.
    """

    event_id: str
    event_type: str
    occurred_at: int
    user_id: str
    movement_id: str
    direction: str | None = None
    channel: str | None = None
    amount_minor: int | None = None
    currency: str | None = None
    counterparty_id: str | None = None
    device_id: str | None = None
    payment_method: str | None = None

    @property
    def entity_id(self) -> str:
        """The key its state lives under."""
        return self.user_id


class MemberChanged(Frozen):
    """What one event of a savings circle changed in a member's counts: differences, so that any order adds up.

    `counts_at` (ms UTC) says when it counts. The counts are `domain.circles.membership.Tally`'s.
    """

    event_id: str
    event_type: str
    occurred_at: int
    user_id: str
    circle_id: str
    counts_at: int
    circles: int
    in_time: int
    late: int
    missed: int
    pots: int
    left: int
    left_owing: int

    @property
    def entity_id(self) -> str:
        """The key its state lives under."""
        return self.user_id


class CorridorRemittance(Frozen):
    """A remittance was completed in a corridor, such as `USD>HT`; the amount is in US cents."""

    event_id: str
    event_type: str
    occurred_at: int
    corridor: str
    currency: str
    amount_minor: int

    @property
    def entity_id(self) -> str:
        """The key its state lives under."""
        return self.corridor


class ExchangeRateUpdated(Frozen):
    """One unit of `base_currency` buys `rate` units of `quote_currency`. Keyed by `BASE/QUOTE`.

    `event_type` is exchange-rate-updated, or exchange-rate-confirmed where an operator says it.
    """

    event_id: str
    event_type: str
    occurred_at: int
    base_currency: str
    quote_currency: str
    rate: Decimal

    @property
    def entity_id(self) -> str:
        """The key its state lives under."""
        return f"{self.base_currency}/{self.quote_currency}"


Event = (
    TransactionInitiated
    | TransactionUpdated
    | UserEvent
    | ProfileDisposition
    | AlertDisposition
    | CircleEvent
    | RemittanceEvent
    | MemberChanged
    | MoneyMoved
    | CorridorRemittance
    | ExchangeRateUpdated
)
