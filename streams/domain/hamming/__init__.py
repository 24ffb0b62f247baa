"""An exact index over 64-bit hashes: all entries within a radius, in compiled code."""
