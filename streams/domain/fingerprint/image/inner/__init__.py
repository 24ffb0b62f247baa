"""Pictures inside a picture: within borders, in a screenshot, in a blurred fill, turned on a ground, in a collage."""
