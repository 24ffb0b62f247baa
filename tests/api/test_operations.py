"""Deletions, hash lists, dead letters and jobs through a running API: each does what its service does."""

from __future__ import annotations

import json
from hashlib import md5
from typing import Any

from tests.api.conftest import Api, eventually, photo, submit


def test_a_deletion_is_planned_and_then_done(api: Api) -> None:
    with api.client() as client:
        submit(client, "deleted/1", photo(71))
        eventually(lambda: client.get("/v1/history/deleted/1").status_code == 200)
        plan = client.post("/v1/deletions", json={"subject": "deleted/1", "dry_run": True})
        assert (plan.status_code, plan.json()["submissions"], plan.json()["events"]) == (200, 1, [])
        assert client.get("/v1/media/deleted/1").status_code == 200
        done = client.post("/v1/deletions", params={"wait_s": 30}, json={"subject": "deleted/1", "by": "ana"})
        assert done.status_code == 200, done.text
        (event,) = done.json()["events"]
        assert (event["event"], event["by"], event["effect"]["outcome"]) == ("deletion", "ana", "deleted")
        eventually(lambda: client.get("/v1/media/deleted/1").status_code == 404)
        assert submit(client, "deleted/2", photo(71))["outcome"] == "unique"


def test_a_hash_list_is_imported_shown_exported_and_dropped(api: Api) -> None:
    digest = md5(photo(72), usedforsecurity=False).hexdigest()
    with api.client("shop-admin") as client:
        asked: dict[str, Any] = {"params": {"version": "7", "status": "blocked"}}
        wrong = client.put("/v1/lists/fakes", content=f"md5\n{digest}\nnot hex\n", **asked,
                           headers={"Content-Type": "text/csv"})  # fmt: skip
        assert (wrong.status_code, [error["field"] for error in wrong.json()["errors"]]) == (422, ["body.3"])
        assert "not hex" not in wrong.text
        line = json.dumps({"algorithm": "md5", "hash": digest})
        imported = client.put("/v1/lists/fakes", content=line, **asked,
                              headers={"Content-Type": "application/x-ndjson"})  # fmt: skip
        assert (imported.status_code, imported.json()["algorithms"]) == (200, {"md5": 1}), imported.text
        eventually(lambda: client.get("/v1/lists/fakes").status_code == 200)
        assert [row["list_name"] for row in client.get("/v1/lists").json()] == ["fakes"]
        assert client.get("/v1/lists/fakes").json()["list"]["version"] == "7"
        entries = client.get("/v1/lists/fakes/entries")
        assert [json.loads(each) for each in entries.text.splitlines()] == [json.loads(line)]
        assert client.get("/v1/lists/unknown/entries").json()["code"] == "not_found"
        assert client.delete("/v1/lists/fakes").status_code == 200
        eventually(lambda: client.get("/v1/lists/fakes").status_code == 404)


def test_dead_letters_are_shown_counted_and_dropped(api: Api) -> None:
    """A submission that names no medium is a dead letter; the API makes none, so it is published by hand."""
    from confluent_kafka import Producer

    producer = Producer({"bootstrap.servers": api.broker})
    producer.produce("media.submissions", b'{"collection":"shop"}', headers=[("content-type", b"application/json")])
    assert producer.flush(30) == 0
    with api.client("shop-admin") as client:
        asked = {"collection": "shop", "status": "open"}

        def open_letters() -> list[dict[str, Any]]:
            """Those of media without an id: other tests leave letters, too."""
            letters = client.get("/v1/dead-letters", params=asked).json()["letters"]
            return [each for each in letters if each["reason"] == "missing_field"]

        letter = eventually(open_letters)[0]
        shown = client.get(f"/v1/dead-letters/{letter['partition']}/{letter['offset']}", params=asked).json()
        assert (shown["reason"], shown["status"]) == (letter["reason"], "open")
        place = f"{letter['partition']}/{letter['offset']}"
        assert client.post("/v1/dead-letters/drop", json={}).json()["code"] == "bad_request"
        trial = client.post("/v1/dead-letters/replay", json={"places": [place], "dry_run": True}).json()
        assert (trial["matched"], trial["dry_run"]) == (1, True)
        dropped = client.post("/v1/dead-letters/drop", json={"places": [place], "note": "a test"}).json()
        assert (dropped["done"], dropped["handled"]) == (1, 0)
        assert client.post("/v1/dead-letters/drop", json={"places": [place]}).json()["handled"] == 1
        eventually(lambda: not open_letters())


def test_a_job_is_followed_from_its_beginning_to_its_end(api: Api) -> None:
    with api.client() as client:
        begun = client.post("/v1/jobs", json={"name": "Spring import", "lane": "bulk", "expected": 2})
        assert begun.status_code == 201, begun.text
        job_id = begun.json()["job_id"]
        submit(client, "job/1", photo(73), job_id=job_id, lane="bulk")
        broken = client.put("/v1/media/job/2", content=b"no picture", params={"wait_s": 30, "job_id": job_id})
        assert broken.json()["decision"]["outcome"] == "failed"
        eventually(lambda: client.get(f"/v1/jobs/{job_id}").json().get("job", {}).get("decided") == 2)
        assert client.post(f"/v1/jobs/{job_id}/close", json={"expected": 2}).json()["state"] == "closed"
        eventually(lambda: client.get(f"/v1/jobs/{job_id}").json()["job"]["progress"] == "done")
        lines = [json.loads(line) for line in client.get(f"/v1/jobs/{job_id}/failures").text.splitlines()]
        assert [lines[0]["media_id"], lines[-1]] == ["job/2", {"complete": True}]
        assert job_id in [job["job_id"] for job in client.get("/v1/jobs").json()["jobs"]]
    with api.client("other") as client:
        submit(client, "job/3", photo(74), "other", job_id=job_id)  # the same id in another collection is another job
        theirs = eventually(lambda: client.get(f"/v1/jobs/{job_id}").json().get("job"))
        assert (theirs["collection"], theirs["decided"], theirs["lane"]) == ("other", 1, "")
        assert [job["name"] for job in client.get("/v1/jobs").json()["jobs"]] in ([], [job_id])
