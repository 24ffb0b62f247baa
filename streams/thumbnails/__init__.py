"""Small pictures of media for people to look at: where they are kept, who writes them, and who may see them.

Making them is part of fingerprinting: `streams.domain.fingerprint.thumbnails`.
"""
