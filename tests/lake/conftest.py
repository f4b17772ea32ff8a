"""A Kafka for the lake's tests, which read every topic of the platform."""

from __future__ import annotations

from tests.archive.conftest import platform_kafka

__all__ = ["platform_kafka"]
