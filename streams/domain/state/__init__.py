"""The state of the match stage as bytes: keys, layouts and offsets, written once. How a decision is made is in match/.

The state is a map from bytes to bytes, one for each partition. A first byte tells the kinds of keys apart:

    k <collection> NUL <content id>   content.py: the first submission of a content, its group, the hashes to look up
    e <collection> NUL <content id>   the evidence of a picture, as domain/evidence packs it: read for candidates alone
    f <collection> NUL <content id>   frames.py: the frames of a video. They stand apart, so that a duplicate of the
                                      video, or a longer retention, neither reads nor writes them
    s <decision id, 16 bytes>         decision.py: when a submission's decision expires, and its JSON byte for byte
    c <collection> NUL <content id>   content.py: layout 1 of a content, replaced by `k` when a partition is opened

What moderation needs (short ids are 33 bytes that stand for a content id):

    g <collection> NUL <short id> <decision id>   members.py: a submission of a content, and its last revision
    m <collection> NUL <media id> NUL <offset> <short id> <decision id>
                                                  members.py: a submission of a medium, the newest first
    m <collection> NUL <media id>                 members.py: the same of an earlier version, of the last submission
    h <collection> NUL <short id> <short id>      a content that joined the group of another; no value
    v <collection> NUL <short id>                 groups.py: verdicts on a group, what it was merged with, the walk
    x <collection> NUL <short id>                 splits.py: the contents that this one is not the same as
    a <digest, 16 bytes>                          answers.py: what a moderation event brought about
    w <collection> NUL <content id or media id>   waiting.py: moderation events that wait for a content or a medium

What hash lists need (hash_lists.py):

    l <collection> NUL <list>                           a list in force; without a name, a walk through all contents
    i <collection> NUL <list> NUL <import>              which entries of an import have come; gone once it is effective
    n <collection> NUL <list> NUL <import> NUL <chunk>  some entries of an import
    q <collection> NUL <list> NUL <entry>               the contents that an entry matched by near hashes
    y <collection> NUL <content id>                     the lists that a content is on, and the entries that it matched
    t <collection> NUL <decision id>              deletions.py: a submission that was deleted
    d <digest, 16 bytes>                          deletions.py: what is erased once a deletion is committed
"""
