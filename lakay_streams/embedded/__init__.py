"""Servers that `lakay demo` and the tests start on this machine by themselves."""
