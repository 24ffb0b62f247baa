"""Where two videos show the same: time_mapping.py, speed and offset; contradictions.py; align.py, the segments."""
