"""The agents, on real workers."""
