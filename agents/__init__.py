"""One agent per inbound topic: decode, look up state, decide, keep state, emit. `topology` puts the worker together.

In `archive` is the other app, `lakay archive`, with the one agent that it has.
"""
