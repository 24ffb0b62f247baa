"""Moderators that are HTTP services: a mapping file says how a question is put and an answer is read.

plugin.py    options, and the calls: at once, or as a job that is asked for until it is done
mapping.py   the mapping file
template.py  from a template with `${...}` to a request
reading.py   from a response to answers
client.py    one request, within limits; redirects are not followed
"""
