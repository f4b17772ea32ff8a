"""The demo: a whole Lakay on this machine, fed with simulated Trebanx traffic and shown live.

    children    the processes it starts, and how each is stopped
    traffic     the simulated Trebanx, one of these processes
    watching    what is counted, read from Kafka as any outsider could
    tally       the counts themselves
    snapshot    one moment of all of it, as plain records
    view        a snapshot as a terminal page, a line of text, or a picture
    screen      a terminal, or lines where there is none
    summary     a snapshot as JSON for scripts
    run         the order of things

The README's picture is drawn from a real run: `lakay demo --seconds 60 --picture docs/demo.svg`.
"""

from __future__ import annotations

from lakay_streams.demo.run import run

__all__ = ["run"]
