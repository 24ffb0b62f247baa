"""The moderation service of the demo: a tiny HTTP server that counts its calls.

It blocks every medium whose id has `rocket` in it. A real service would look at the picture.
"""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Final, Self

FORBIDDEN: Final = "rocket"
NAME: Final = "demo-moderator"
MAX_BODY_BYTES: Final = 1 << 20

_FILE: Final = """\
# Written by `mediasieve demo`. Make your own from deploy/moderation.example.yaml.
moderators:
  {name}:
    plugin: http
    version: "1"
    send: hashes                 # the demo's service needs no picture
    about: [unique, changed]
    price: {{amount: 0.001, currency: USD}}
    options:
      url: {url}
      mapping:
        request:
          json: {{id: "${{media_id}}", hash: "${{hash.phash256}}"}}
        response:
          labels: {{path: labels, score: score, parent: parent}}
          verdict:
            - {{label: weapon, at_least: 0.8, status: blocked}}
            - {{otherwise: allowed}}
collections:
  {collection}: {name}
"""


class DemoModerator:
    """The service, on a free port of this machine, while the `with` block lasts."""

    def __init__(self) -> None:
        service = self
        self.contents_asked = 0

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = min(int(self.headers.get("Content-Length", 0)), MAX_BODY_BYTES)
                answer = json.dumps(service._answer(json.loads(self.rfile.read(length)))).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, format: str, *args: object) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._lock = threading.Lock()

    def _answer(self, question: dict[str, str]) -> dict[str, object]:
        with self._lock:
            self.contents_asked += 1
        score = 0.97 if FORBIDDEN in question.get("id", "") else 0.02
        return {"labels": [{"name": "weapon", "parent": "violence", "score": score}]}

    def write_file(self, path: Path, collection: str) -> None:
        """The moderation file that names this service for a collection."""
        url = f"http://127.0.0.1:{self._server.server_port}/check"
        path.write_text(_FILE.format(name=NAME, url=url, collection=collection))

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, name=NAME, daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()
