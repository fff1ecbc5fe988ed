"""Takes events: `python receiver.py PORT`, the subscription's secret in TIPLINE_SECRET. Python 3.11, no packages.

Before there is a secret it agrees to be sent events, and takes none. It takes them structured and batched. The third
mode, binary, has an event's type and case in headers, which no signature covers: it is answered 415.
"""

import base64
import hashlib
import hmac
import json
import os
import sys
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

KEY = base64.b64decode(os.environ.get("TIPLINE_SECRET", "").removeprefix("whsec_"))
SEEN = set[str]()  # Yours is a table: each event comes at least once.


class Receiver(BaseHTTPRequestHandler):
    timeout = 10  # Seconds that somebody may say nothing.

    def do_OPTIONS(self) -> None:  # "May I send you events?"
        self.send_response(200)
        self.send_header("WebHook-Allowed-Origin", self.headers["WebHook-Request-Origin"] or "")
        self.send_header("WebHook-Allowed-Rate", "*")
        self.end_headers()

    def do_POST(self) -> None:
        try:
            body = self.rfile.read(int(self.headers["Content-Length"] or 0))
            status = 204 if self.is_ours(body) else 401
            if status == 204 and not self.headers.get_content_type().startswith("application/cloudevents"):
                status = 415
            if status == 204:
                found = json.loads(body)
                for event in found if isinstance(found, list) else [found]:
                    keep(event)
        except (KeyError, TypeError, ValueError):
            status = 400
        self.send_response(status)  # Not before it is kept: what was answered never comes again.
        self.end_headers()

    def is_ours(self, body: bytes) -> bool:
        told = self.headers.get("webhook-timestamp", "0")
        content = f"{self.headers['webhook-id']}.{told}.".encode() + body
        ours = "v1," + base64.b64encode(hmac.digest(KEY, content, hashlib.sha256)).decode()
        signatures = self.headers.get("webhook-signature", "").split()
        signed = any(hmac.compare_digest(ours.encode(), one.encode()) for one in signatures)
        return bool(KEY) and signed and abs(time.time() - int(told)) < 300


def keep(event: dict[str, Any]) -> None:
    if event["id"] not in SEEN:
        print(event["type"], event.get("caseid"), event["data"], flush=True)
        SEEN.add(event["id"])


HTTPServer(("127.0.0.1", int(sys.argv[1])), Receiver).serve_forever()
