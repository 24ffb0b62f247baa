"""Bodies that have no type in services: what requests send, and envelopes of answers."""
