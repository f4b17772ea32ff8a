"""The command line, one module a noun; `app` puts them together."""

from lakay_streams.cli.app import main

__all__ = ["main"]
