"""Load on the HTTP API and on the topics: `python -m tests.load --users 50 --run-time 60s`.

locustfile.py has the users, slos.py what is wanted of them and the table, __main__.py starts a system, fills it and
runs locust. The same locustfile serves a system that runs elsewhere: give `--url`.
"""
