"""Forms as a browser without script reads and sends them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from httpx2 import Response
from lxml import html
from starlette.testclient import TestClient

from tests.support import multipart


@dataclass(frozen=True)
class Form:
    """Where a form goes, and what it sends when nothing is touched. `filename` is what its files are called."""

    action: str
    fields: dict[str, str]
    filename: str = "IMG_0001.jpg"

    @classmethod
    def of(cls, answer: Response, having: str = "text") -> Form:
        """Read the form of a page that has a field; the language switch carries other forms' fields and a `switch`."""
        for form in tree(answer.text).forms:
            fields = {name: value for name, value in form.form_values() if name != "files"}
            if having in form.fields and (having == "switch") == ("switch" in fields):
                return cls(str(form.get("action") or answer.url.path), fields)
        raise AssertionError(f"no form with {having} on {answer.url.path}")

    def send(self, client: TestClient, *files: bytes, **typed: str) -> Response:
        """Fill it in and send it, in parts when files come with it."""
        fields = {**self.fields, **typed}
        if not files:
            return client.post(self.action, data=fields)
        body = b"".join(multipart.field(name, value) for name, value in fields.items())
        body += b"".join(multipart.file(one, self.filename) for one in files) + multipart.END
        return client.post(self.action, content=body, headers={"content-type": multipart.CONTENT_TYPE})


def receipt_of(page: str) -> str:
    """Read the receipt that a page shows."""
    (found,) = re.findall(r'id="receipt"[^>]*>([0-9A-Z]{4}(?:-[0-9A-Z]{4}){3})<', page)
    return str(found)


def tree(page: str) -> Any:
    """Parse a page, to be asked by XPath."""
    return html.fromstring(page)
