"""The review console: static files that a browser runs, and what serves them. It talks to the HTTP API only."""

from streams.console.files import CONSOLE_PATH, console_routes, is_console_path

__all__ = ["CONSOLE_PATH", "console_routes", "is_console_path"]
