"""The engine on a real Kafka."""
