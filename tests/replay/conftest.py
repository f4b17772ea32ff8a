"""A platform for each module of replays."""

from __future__ import annotations

from tests.e2e.conftest import platform

__all__ = ["platform"]
