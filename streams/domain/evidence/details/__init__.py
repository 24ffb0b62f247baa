"""Whether a copy of a picture shows something else in a detail: other words, another number, another face."""
