"""Every setting of the runbook (section 2.3, section 6.4, appendix D), validated before anything starts.

    settings = load_settings()          # the process environment wins over `.env`, which wins over the defaults
    settings.fraud.high_threshold       # FRAUD_HIGH_THRESHOLD
    settings.kafka_bootstrap_servers    # KAFKA_BOOTSTRAP_SERVERS

An attribute is its variable's name in lower case; the domains' variables have a group each, named by their prefix. A
docstring under an attribute says what it means, with its unit, and `lakay settings check` prints it.
"""

from __future__ import annotations

from lakay_streams.settings.core import Settings
from lakay_streams.settings.load import Setting, explain, load_settings, unknown_variables
from lakay_streams.settings.secrets import warnings

__all__ = ["Setting", "Settings", "explain", "load_settings", "unknown_variables", "warnings"]
