"""mediasieve: recognises every copy in a stream of user media, once.

`domain` decides, `runtime` moves records, `sources` fetch media, `analytics` keeps rows,
`embedded` brings the engines for one machine. Agents, the deployed topology, live in `agents`.
"""

__version__ = "0.1.0"
