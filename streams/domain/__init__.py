"""The pure heart: values in, values out; no clock, no I/O, no broker. Usable from a notebook."""
