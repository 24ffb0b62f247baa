"""Answers that are kept for a while: in memory, and in a Redis that the processes of one address share.

`AnswerCache` is what routes use. `freshness.py` says when a kept answer may still be given: an answer that names media
or contents is valid until something is decided about one of these, in whichever process it was made.
"""

from streams.cache.answers import AnswerCache, Keep, Made
from streams.cache.entry import KeptAnswer
from streams.cache.freshness import Freshness, collection_tag, content_tag, medium_tag

__all__ = ["AnswerCache", "Freshness", "Keep", "KeptAnswer", "Made", "collection_tag", "content_tag", "medium_tag"]
