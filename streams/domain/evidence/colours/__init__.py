"""Colours and tones of two pictures, compared."""
