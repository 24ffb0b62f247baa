"""From a submission to its fingerprint: fetching, decoding on threads, caching."""
