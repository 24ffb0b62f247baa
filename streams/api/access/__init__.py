"""Who may ask what, and how often: keys, sessions of the console, limits, and the gate before all routes."""
