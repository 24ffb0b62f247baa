"""What follows from what moderators say. Pure, and in the order of the one log that the match stage reads.

precedence.py   which of several verdicts counts
inheritance.py  which verdicts a copy inherits
standing.py     group and verdict of a content now
revision.py     the revised decision of a submission
walk.py         revises all members of a group, a chunk at a time
events.py       applies a moderation event
deletion.py     deletes submissions, a chunk at a time, and erases their remains
steps.py        records that bring the next chunk of a walk or a deletion
groups.py       merging groups, and taking them apart
waiting.py      events about media and contents that are not known yet
collections.py  which collections are moderated at all
"""
