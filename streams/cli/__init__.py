"""The command line `mediasieve`.

commands/   one file a command: parse options, call a service, print
printing/   what commands print for people
app.py      the command group, errors and exit codes

Data goes to stdout, messages and progress to stderr.
"""

from __future__ import annotations

import os


def main() -> None:
    """Entry point of `mediasieve`. Imports nothing that the called command does not need."""
    # Pictures are decoded on several threads, and numpy's own would compete with them. numpy reads this when it loads.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from streams.cli.app import cli

    cli.main(prog_name="mediasieve")
