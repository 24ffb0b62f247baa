"""The dedupe job in Quix Streams as its documentation advises: a stateful function, raw bytes, `to_topic`.

State is read and written as bytes, which skips its JSON; librdkafka batches and compresses as ours does.
"""

import os

from quixstreams import Application, State

app = Application(
    broker_address=os.environ["BENCH_BROKER"],
    consumer_group=os.environ["BENCH_GROUP"],
    auto_offset_reset="earliest",
    processing_guarantee="at-least-once",
    commit_interval=float(os.environ.get("BENCH_COMMIT_S", "5")),
    state_dir=os.environ["BENCH_STATE"],
    auto_create_topics=True,
    loglevel="WARNING",
    producer_extra_config={
        "acks": "all",
        "enable.idempotence": True,
        "linger.ms": 5,
        "compression.type": "lz4",
        "queue.buffering.max.messages": 500_000,
    },
    consumer_extra_config={"fetch.max.bytes": 16 << 20, "queued.min.messages": 200_000},
)
ingest = app.topic(os.environ["BENCH_INPUT"], key_deserializer="bytes", value_deserializer="bytes")
answers = app.topic(os.environ["BENCH_OUTPUT"], key_serializer="bytes", value_serializer="bytes")


def dedupe(value: bytes, state: State) -> bytes:
    if state.get_bytes("seen") is None:
        state.set_bytes("seen", value)
        return b"new"
    return b"dup"


app.dataframe(ingest).apply(dedupe, stateful=True).to_topic(answers)

if __name__ == "__main__":
    app.run()
