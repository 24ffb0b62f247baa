"""Settings of a process and the policy file that it follows."""
