"""The dedupe job as Faust's documentation writes agents: one event at a time, a table, `topic.send`."""

import os

import faust

PARTITIONS = int(os.environ["BENCH_PARTITIONS"])

app = faust.App(
    os.environ["BENCH_GROUP"],
    broker=f"kafka://{os.environ['BENCH_BROKER']}",
    store="rocksdb://",
    datadir=os.environ["BENCH_STATE"],
    topic_partitions=PARTITIONS,
    topic_replication_factor=1,
    topic_disable_leader=True,
    web_enabled=False,
    key_serializer="raw",
    value_serializer="raw",
)
ingest = app.topic(os.environ["BENCH_INPUT"], key_type=bytes, value_type=bytes)
answers = app.topic(os.environ["BENCH_OUTPUT"], key_type=bytes, value_type=bytes)
seen = app.Table("seen", partitions=PARTITIONS, key_type=bytes, value_type=bytes, options={"driver": "rocksdict"})


@app.agent(ingest)
async def dedupe(stream):  # type: ignore[no-untyped-def]
    async for key, value in stream.items():
        if seen.get(key) is None:
            seen[key] = value
            await answers.send(key=key, value=b"new")
        else:
            await answers.send(key=key, value=b"dup")


if __name__ == "__main__":
    app.main()
