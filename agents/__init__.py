"""One agent per inbound topic: decode, look up state, decide, keep state, emit. `topology` puts them together."""
