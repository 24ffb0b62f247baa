"""Small pictures of a medium in WebP, for people to look at; made from what is decoded for its fingerprint."""
