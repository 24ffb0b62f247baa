"""`python -m streams.cli`: how `mediasieve up` starts its workers, with its own interpreter."""

from __future__ import annotations

from streams.cli import main

if __name__ == "__main__":
    main()
