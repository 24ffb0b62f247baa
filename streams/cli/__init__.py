"""The command line `mediasieve`: one file a command, what several commands share beside them.

Commands read settings, call the library and print; what they print and how they exit is decided here, what is
computed is not. Data goes to stdout, talk and progress to stderr.
"""

from __future__ import annotations

import os


def main() -> None:
    """Entry point of `mediasieve`; imports nothing before it is known what is asked."""
    # Pictures are decoded on several threads; numpy's own would only be in their way. Read when numpy is loaded.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from streams.cli.app import cli

    cli.main(prog_name="mediasieve")
