"""The rules by which the media of a collection are compared."""
