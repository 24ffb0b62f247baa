"""An index over 64-bit codes in a process of its own, asked over stdin: ours, one of FAISS's, or plain numpy.

Run as `python -m tests.bench.peers.hamming NAME FOLDER`; the folder holds codes.npy and queries.npy, uint64. Every
line in is a JSON object with `do`, every line out one with the answer. One thread; seconds are those of the process on
a core, so that what else the machine does counts little; memory is read from /proc.
"""

from __future__ import annotations

import json
import os
import sys
import time
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
#: So many codes are added at a time once the index stands.
ADDED_AT_ONCE = 1000
Codes = NDArray[np.uint64]
#: (query, key, distance) of all that was found, int64 [found, 3].
Answers = NDArray[np.int64]


class Index(Protocol):
    """What is measured; its keys are the codes' places."""

    def one(self, code: int, radius: int) -> object: ...

    def many(self, codes: Codes, radius: int) -> Answers: ...


class Ours:
    """`streams.domain.NearIndex`."""

    def __init__(self, codes: Codes) -> None:
        from streams.domain.hamming.index import NearIndex

        self.index = NearIndex()
        self.index.add_batch(codes, np.arange(len(codes)))

    def one(self, code: int, radius: int) -> object:
        return self.index.search(code, radius)

    def many(self, codes: Codes, radius: int) -> Answers:
        found = self.index.search_batch(codes, radius)
        return _rows(found.offsets, found.keys, found.distances)

    def grow(self, codes: Codes) -> dict[str, Any]:
        """Add codes as a running stage does; how long each took, and the most that an entry then held."""
        most, started = 0.0, time.process_time()
        for at in range(0, len(codes), ADDED_AT_ONCE):
            part = codes[at : at + ADDED_AT_ONCE]
            self.index.add_batch(part, np.arange(len(part)))
            most = max(most, self.index.memory_bytes / len(self.index))
        return {"add_us": (time.process_time() - started) / len(codes) * 1e6, "bytes_per_code": most}


class BruteForce:
    """Every code is compared, by numpy."""

    def __init__(self, codes: Codes) -> None:
        self.codes = codes

    def one(self, code: int, radius: int) -> object:
        distances = np.bitwise_count(self.codes ^ np.uint64(code))
        near = np.flatnonzero(distances <= radius)
        return near, distances[near]

    def many(self, codes: Codes, radius: int) -> Answers:
        rows = []
        for query, code in enumerate(codes):
            distances = np.bitwise_count(self.codes ^ code)
            near = np.flatnonzero(distances <= radius)
            rows.append(np.stack([np.full(len(near), query), near, distances[near].astype(np.int64)], axis=1))
        return np.concatenate(rows)


class Faiss:
    """One of FAISS's binary indexes, with what makes it exact at radius 10 (`range_search` is below, not at most)."""

    def __init__(self, name: str, codes: Codes) -> None:
        faiss: Any = import_module("faiss")
        faiss.omp_set_num_threads(1)
        if name == "flat":
            self.index = faiss.IndexBinaryFlat(64)
        elif name == "multihash":  # four tables by 16 bits: 4 × (2 + 1) > 10
            self.index = faiss.IndexBinaryMultiHash(64, 4, 16)
            self.index.nflip = 2
        else:  # one table by 16 bits
            self.index = faiss.IndexBinaryHash(64, 16)
            self.index.nflip = 10
        self.index.add(_bytes(codes))

    def one(self, code: int, radius: int) -> object:
        return self.index.range_search(_bytes(np.array([code], np.uint64)), radius + 1)

    def many(self, codes: Codes, radius: int) -> Answers:
        offsets, distances, keys = self.index.range_search(_bytes(codes), radius + 1)
        return _rows(offsets.astype(np.int64), keys, distances)


def _bytes(codes: Codes) -> NDArray[np.uint8]:
    return codes.view(np.uint8).reshape(-1, 8)


def _rows(offsets: NDArray[Any], keys: NDArray[Any], distances: NDArray[Any]) -> Answers:
    queries = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
    return np.stack([queries, keys.astype(np.int64), distances.astype(np.int64)], axis=1)


def build(name: str, codes: Codes) -> Index:
    if name == "ours":
        return Ours(codes)
    return BruteForce(codes) if name == "numpy" else Faiss(name, codes)


def one_by_one(index: Index, queries: Codes, radius: int, budget_s: float) -> list[float]:
    """Seconds of each look-up, until so many are spent or the queries are used up."""
    times: list[float] = []
    ends = time.process_time() + budget_s
    for code in queries.tolist():
        started = time.process_time()
        index.one(code, radius)
        ended = time.process_time()
        times.append(ended - started)
        if ended > ends:
            break
    return times


def in_batches(index: Index, queries: Codes, radius: int, budget_s: float, batch: int) -> dict[str, float]:
    """Mean seconds of a look-up when `batch` are asked at once."""
    done, spent, started = 0, 0.0, time.process_time()
    while done < len(queries) and spent < budget_s:
        index.many(queries[done : done + batch], radius)
        done += batch
        spent = time.process_time() - started
    return {"mean_s": spent / min(done, len(queries))}


def answer(index: Index, folder: Path, queries: Codes, asked: dict[str, Any]) -> object:
    match asked["do"]:
        case "one by one":
            return one_by_one(index, queries[: asked.get("queries")], asked["radius"], asked["budget_s"])
        case "in batches":
            return in_batches(index, queries, asked["radius"], asked["budget_s"], asked["batch"])
        case "grow" if isinstance(index, Ours):
            return index.grow(np.load(folder / "further.npy"))
        case "dense":
            return one_by_one(index, np.load(folder / "dense.npy"), asked["radius"], 60.0)
        case "dense answers":
            dense = np.load(folder / "dense.npy")
            return len(index.many(dense, asked["radius"])) / len(dense)
        case _:
            return index.many(queries[: asked["queries"]], asked["radius"]).tolist()


def _resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE_BYTES


def main(name: str, folder: Path) -> None:
    codes, queries = np.load(folder / "codes.npy"), np.load(folder / "queries.npy")
    build(name, codes[:50_000]).one(0, 10)  # nobody shall pay for imports and first steps
    before, started = _resident_bytes(), time.process_time()
    index = build(name, codes)
    build_s, held = time.process_time() - started, _resident_bytes() - before
    held = codes.nbytes if name == "numpy" else held
    print(json.dumps({"build_s": build_s, "bytes_per_code": held / len(codes)}), flush=True)
    for line in sys.stdin:
        print(json.dumps(answer(index, folder, queries, json.loads(line))), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
