"""The matcher of HMA (Hasher-Matcher-Actioner): the PDQ index of its library `threatexchange`, as HMA asks it.

A process of its own: argv is a file of 256-bit hashes in hex, a file of queries, and the number of queries. It prints
one JSON object: CPU seconds of building, of asking, and how many matches were found. One thread.
"""

from __future__ import annotations

import json
import sys
import time
from importlib import import_module
from pathlib import Path
from typing import Any


def main() -> None:
    faiss: Any = import_module("faiss")
    faiss.omp_set_num_threads(1)
    signal: Any = import_module("threatexchange.signal_type.pdq.signal").PdqSignal
    entries, queries = (Path(name).read_text().split() for name in sys.argv[1:3])
    begun = time.process_time()
    index = signal.get_index_cls().build((entry, number) for number, entry in enumerate(entries))
    built, begun = time.process_time() - begun, time.process_time()
    found = sum(len(index.query(query)) for query in queries)
    asked = time.process_time() - begun
    print(json.dumps({"index": type(index).__name__, "build_s": built, "ask_s": asked, "found": found}))


if __name__ == "__main__":
    main()
