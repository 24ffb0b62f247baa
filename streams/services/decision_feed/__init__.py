"""The decisions as they come, shared by all requests of one process: those that wait for one, and open streams."""
