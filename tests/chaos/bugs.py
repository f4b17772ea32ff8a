"""The bug that the harness sets off in its workers: what a transaction's id must begin with."""

CRASH_ONCE = "crash-once"
"""Raises the first time that any worker meets it."""

CRASH_ALWAYS = "crash-always"
"""Raises each time."""
