"""Kafka: the source, topics, sinks, reader and errors."""
