"""The fingerprint stage: from a submission to its fingerprint record, with a cache, and decoders in processes."""
