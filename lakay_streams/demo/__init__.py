"""The demo: a whole Lakay on this machine, fed with simulated Trebanx traffic and shown live.

children    the processes it starts, and how each is stopped
watching    what is counted, read from Kafka as any outsider could
snapshot    one moment of all of it, as plain records
view        a snapshot as a terminal page, a line of text, or a picture
summary     a snapshot as JSON for scripts
run         the order of things
"""

from __future__ import annotations

from lakay_streams.demo.run import run

__all__ = ["run"]
