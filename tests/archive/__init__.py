"""Tests of the archive, on a real Kafka and a real PostgreSQL."""
