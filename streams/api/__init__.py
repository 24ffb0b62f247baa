"""The HTTP API: requests are checked here, and answered by streams/services.

app.py        puts everything together
backend.py    what all requests share: producer, decisions as they come, questions to ClickHouse, decoders
gate.py       before any route: keys, rates, sizes and times of bodies, metrics, the log
auth.py       keys, their roles and their collections
limits.py     rates
problems.py   errors as RFC 9457 has them
parameters.py, bodies.py, cursors.py, answers.py, event_stream.py   parts that routes share
openapi.py    the description
routes/       a file a resource
schemas/      bodies that have no type in services
"""
