"""Submitting media: find files, make records of `media.submissions`, publish them, count what became of them."""
