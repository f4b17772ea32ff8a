"""`python -m lakay_streams.cli` is `lakay`."""

from __future__ import annotations

from lakay_streams.cli.app import main

main()
