"""Dead letters: show, replay and drop them."""
