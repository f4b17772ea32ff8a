"""Whole workers on a Kafka of their own."""
