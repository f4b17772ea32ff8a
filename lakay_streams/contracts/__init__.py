"""What Trebanx and Lakay promise each other: events in, alerts and rejected records out, and the topics they use.

`Contracts.load(path).decode(raw, topic)` is the way in; `alerts` and `rejected` make what goes out.
"""

from lakay_streams.contracts.decoding import Contracts, Rejected, Unknown

__all__ = ["Contracts", "Rejected", "Unknown"]
