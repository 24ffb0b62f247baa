"""Plain parts of a picture, the ground it lies on, and things on even ground."""
