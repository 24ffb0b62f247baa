"""Moderators: who is asked what a content is. One small interface, and everything around a call.

moderator.py        the interface of a plug-in, its questions and answers
plugins.py          which plug-ins there are: built in, or installed under the entry point `mediasieve.moderators`
moderation_file.py  the file that says which collection asks which moderators
caller.py           asks: batches, limits, retries, breaker.py, journal.py, costs.py
verdict_rules.py    from labels and scores to a status
http/, rules.py, onnx.py   the plug-ins
"""
