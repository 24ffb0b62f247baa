"""Faust made fast and safe: batches in, delivery barriers out, offsets committed only after their effects are durable.

    stage.py            what a stage declares, and what a kind of stage brings
    runners/            one kind of stage a file: keyed (state, in order), concurrent (slow work), sink (rows elsewhere)
    app.py              one Faust app for each stage           worker.py   one process with several stages
    transport.py        Faust's consumer: one event for each fetch, with a batch of every partition
    consumer_thread.py  the thread that fetches                watchdog.py tells when a stage stands still
    ledger.py           which offsets were read and finished, and how far may be committed
    outbox.py           outputs through librdkafka, and the barrier that waits for their delivery
    tables/             RocksDB tables that are written a batch at a time, and their recovery from the changelog
    context.py          what a worker gives a stage            memory.py   keeps freed memory in the process
    health.py           /live, /ready and /metrics

Nothing in here knows media; nothing in `agents` knows offsets.
"""
