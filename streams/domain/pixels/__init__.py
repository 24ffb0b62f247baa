"""Kernels that resample small grey pictures: resizing and turning. No decoding, no hashing."""
