"""Small helpers for text that people read. They import nothing, so that every command may use them."""

from __future__ import annotations


def printable(text: str) -> str:
    """Text from outside, made safe to print: control characters, in a file's name for example, are spelled out."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "backslashreplace").decode() for c in text)


def human_bytes(size_bytes: float) -> str:
    """`3.1 MB`, in powers of ten as file managers count."""
    for unit in ("B", "kB", "MB", "GB"):
        if size_bytes < 1000:
            return f"{size_bytes:.0f} {unit}" if unit == "B" else f"{size_bytes:.1f} {unit}"
        size_bytes /= 1000
    return f"{size_bytes:.1f} TB"


def counted(count: int, singular: str, plural: str) -> str:
    """`1 file`, `1,200 files`"""
    return f"{count:,} {singular if count == 1 else plural}"
