"""How long a test waits for what must come about: long, for machines are slow, and a wait that succeeds is short."""

PATIENCE_S = 240.0
