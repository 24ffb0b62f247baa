"""Faust made fast and safe: batches in, delivery barriers out, offsets committed only behind what is durable.

    ledger.py      which offsets were read, which are done, up to where may be committed
    transport.py   Faust's consumer, handing an agent one event per fetch: a batch of each partition
    outbox.py      outputs through librdkafka, and the barrier that waits for their delivery
    table.py       a Faust table whose partitions are written one RocksDB batch at a time
    recovery.py    when tables are rebuilt            changelog.py    reads what they are rebuilt from
    stage.py       how an agent declares itself     view.py       what its function sees
    keyed.py       runs stages with state, in order        concurrent.py   runs slow stages, many at once
    sink.py        runs stages that write rows elsewhere   dead_letters.py   what cannot be processed
    context.py     what the runners share            memory.py     freed memory is kept
    app.py         one Faust app a stage                   worker.py       one process of several stages

Nothing in here knows media; nothing in `agents` knows offsets.
"""
