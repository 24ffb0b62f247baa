"""What became of submissions: jobs, and what could not be processed."""
