"""Takes events: `python receiver.py PORT`, the subscription's secret in TIPLINE_SECRET. Python 3.11, no packages."""

import base64
import hashlib
import hmac
import json
import os
import sys
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

KEY = base64.b64decode(os.environ["TIPLINE_SECRET"].removeprefix("whsec_"))
SEEN = set[str]()  # Yours is a table: each event comes at least once.


class Receiver(BaseHTTPRequestHandler):
    def do_OPTIONS(self) -> None:  # "May I send you events?"
        self.send_response(200)
        self.send_header("WebHook-Allowed-Origin", self.headers["WebHook-Request-Origin"])
        self.send_header("WebHook-Allowed-Rate", "*")
        self.end_headers()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"] or 0))
        content = f"{self.headers['webhook-id']}.{self.headers['webhook-timestamp']}.".encode() + body
        ours = "v1," + base64.b64encode(hmac.digest(KEY, content, hashlib.sha256)).decode()
        signed = any(hmac.compare_digest(ours, one) for one in self.headers.get("webhook-signature", "").split())
        fresh = abs(time.time() - int(self.headers["webhook-timestamp"] or 0)) < 300
        self.send_response(204 if signed and fresh else 401)
        self.end_headers()
        event = json.loads(body) if signed and fresh else {"id": None}
        if event["id"] and event["id"] not in SEEN:
            SEEN.add(event["id"])
            print(event["type"], event.get("caseid"), event["data"], flush=True)


HTTPServer(("127.0.0.1", int(sys.argv[1])), Receiver).serve_forever()
