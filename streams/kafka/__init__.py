"""Topics, clients and administration of Kafka: everything that any part of mediasieve says to a broker."""
