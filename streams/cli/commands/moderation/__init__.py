"""What people say about contents: verdicts, and whether two contents are the same."""
