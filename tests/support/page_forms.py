"""Forms as a browser without script reads and sends them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from httpx2 import Response
from lxml import html
from starlette.testclient import TestClient


@dataclass(frozen=True)
class Form:
    """Where a form goes, and what it sends when nothing is touched."""

    action: str
    fields: dict[str, str]

    @classmethod
    def of(cls, answer: Response, having: str = "text") -> Form:
        """Read the form of a page that has a field; the language switch carries other forms' fields and a `switch`."""
        for form in tree(answer.text).forms:
            fields = dict(form.form_values())
            if having in form.fields and (having == "switch") == ("switch" in fields):
                return cls(str(form.get("action") or answer.url.path), fields)
        raise AssertionError(f"no form with {having} on {answer.url.path}")

    def send(self, client: TestClient, **typed: str) -> Response:
        """Fill it in and send it."""
        return client.post(self.action, data={**self.fields, **typed})


def receipt_of(page: str) -> str:
    """Read the receipt that a page shows."""
    (found,) = re.findall(r'id="receipt"[^>]*>([0-9A-Z]{4}(?:-[0-9A-Z]{4}){3})<', page)
    return str(found)


def tree(page: str) -> Any:
    """Parse a page, to be asked by XPath."""
    return html.fromstring(page)
