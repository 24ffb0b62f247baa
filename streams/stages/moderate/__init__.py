"""The moderate stage: which decisions bring something to ask about, their media, and the verdict that follows."""
