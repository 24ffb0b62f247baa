"""The state of the match stage as bytes: keys, layouts and offsets, written once. How a decision is made is in match/.

The state is a map from bytes to bytes, one for each partition. A first byte tells the five kinds of keys apart:

    k <collection> NUL <content id>   content.py: the first submission of a content, its group, the hashes to look up
    e <collection> NUL <content id>   the evidence of a picture, as domain/evidence packs it: read for candidates alone
    f <collection> NUL <content id>   frames.py: the frames of a video. They stand apart, so that a duplicate of the
                                      video, or a longer retention, neither reads nor writes them
    s <decision id, 16 bytes>         decision.py: when a submission's decision expires, and its JSON byte for byte
    c <collection> NUL <content id>   content.py: layout 1 of a content, replaced by `k` when a partition is opened
"""
