"""One runner for each kind of stage."""
