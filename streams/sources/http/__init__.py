"""HTTP requests for sources. `address_guard.py` refuses addresses that are not public (SSRF protection)."""
