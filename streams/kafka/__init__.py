"""Kafka: clients, topics, and the headers and dead letters of every record. Workers' consumers are in runtime/."""
