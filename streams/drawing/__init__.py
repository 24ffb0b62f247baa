"""The PNGs of `explain`, for people to look at."""
