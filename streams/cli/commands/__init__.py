"""One file for each command: parse, call a service, print."""
