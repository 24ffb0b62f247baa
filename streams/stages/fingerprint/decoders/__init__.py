"""Processes that decode media. The worker sends them files and gets facts; what a file does to one costs that one."""
