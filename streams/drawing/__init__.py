"""The PNGs of `explain`, drawn with Pillow and its own font so that they look the same everywhere."""
