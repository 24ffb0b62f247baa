"""What the state keeps of a content, as bytes: keys, layouts and offsets."""
