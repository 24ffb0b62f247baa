"""The parts of the settings, each read from its own variables."""
