"""What the command line's commands share."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lakay_streams.settings import Settings

EXIT_CODES = "Exit codes: 0 done, 1 refused or failed (one sentence on standard error says why), 2 wrong usage."


def settings_in_force() -> Settings:
    """Return the validated settings, with logging set up as they say."""
    from lakay_streams import telemetry
    from lakay_streams.pii.keys import token_keys
    from lakay_streams.pii.logs import LogScreen
    from lakay_streams.pii.tokens import Tokens
    from lakay_streams.settings import load_settings

    loaded = load_settings()
    telemetry.configure(loaded.log_level, screen=LogScreen(Tokens(token_keys(loaded))), quote=loaded.debug)
    return loaded
