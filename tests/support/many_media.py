"""A collection with more media than anybody submits in a test, and how its grid is scrolled."""

from __future__ import annotations

from clickhouse_connect import get_client

from streams.local.data_dir import RunningSystem

#: Rows of one decision, each with a name and ids of its own.
COPIES = """
    INSERT INTO decisions
    SELECT decisions.* REPLACE (
        concat('m/', leftPad(toString(number), 6, '0')) AS media_id,
        concat('/test#', toString(number)) AS submission_id,
        concat('sha256:', lower(hex(SHA256(toString(number))))) AS content_id,
        generateUUIDv4(number) AS decision_id,
        kafka_offset + 1000000 + number AS kafka_offset,
        decided_at - toIntervalMillisecond(number) AS decided_at
    )
    FROM (SELECT * FROM decisions WHERE collection = {collection:String} AND media_id = 'm/first' LIMIT 1) AS decisions
    CROSS JOIN numbers({rows:UInt64}) AS numbers
"""

#: Goes to the end of the grid until it has so many entries, or no more come; returns how many it has.
LOAD_ALL = """async (many) => {
    const loaded = () => Number(document.querySelector(".grid li")?.getAttribute("aria-setsize") || 0);
    for (let before = 0, still = 0; before < many && still < 200; ) {
        scrollTo(0, document.documentElement.scrollHeight);
        await new Promise((done) => setTimeout(done, 50));
        still = loaded() > before ? 0 : still + 1;
        before = Math.max(before, loaded());
    }
    return loaded();
}"""

#: Scrolls over all that is loaded in 400 steps at most, and counts frames in which the middle of the screen was empty.
BLANKS = """async () => {
    const height = document.documentElement.scrollHeight;
    const step = Math.max(1500, height / 400);
    let most = 0, run = 0, frames = 0, blankMs = 0, since = 0;
    for (let top = 0; top < height; top += step) {
        scrollTo(0, top);
        await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
        frames += 1;
        const middle = document.elementsFromPoint(innerWidth / 2, innerHeight / 2);
        const shown = middle.some((element) => element.closest(".grid li, header, form"));
        run = shown ? 0 : run + 1;
        since = shown ? 0 : since || performance.now();
        blankMs = Math.max(blankMs, since ? performance.now() - since : 0);
        most = Math.max(most, run);
    }
    return { frames, blank_frames_in_a_row_at_most: most, blank_ms: blankMs };
}"""


def insert_many(running: RunningSystem, collection: str, rows: int) -> None:
    """Rows in ClickHouse as its sink writes them, copied from the decision about `m/first`."""
    client = get_client(dsn=f"{running.clickhouse}/{running.clickhouse_database}")
    client.command(COPIES, parameters={"rows": rows, "collection": collection})
    client.close()
