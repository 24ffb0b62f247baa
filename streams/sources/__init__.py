"""Where the bytes of a submission come from, under limits: fetch.py is the door, one file for each kind of source."""
