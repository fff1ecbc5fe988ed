"""A photo with its place goes in through the portal of a running house; nothing of it is stored or served.

What is looked for: the place (as numbers and as text), the camera's maker, comments, the thumbnail's tail, file names.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterable
from pathlib import Path

import httpx
import pytest

from tests.support import files
from tests.support.files import MARK
from tests.support.house import House, until
from tests.support.leaks import words_in
from tests.support.page_forms import receipt_of, tree

pytestmark = pytest.mark.e2e
SAID = "he has a knife in his locker, this is a picture of it"
NAME = "at-home-OAKSTREET-17"
DEGREES = (39, 1, 44, 1, 617, 25)
PLACES = tuple(struct.pack(f"{order}6I", *DEGREES) for order in "<>")
"""As cameras write it: three fractions, in either order of bytes."""
WORDS = (MARK, NAME, "xmpmeta", "39.7402-104.9847")
MOST_PAGES = 400


def traces(content: bytes) -> set[str]:
    """Name what of the photo, the film or the paper stands in some bytes, in whatever dress."""
    found = set(words_in(WORDS, content))
    found |= {"the place" for place in PLACES if place in content or place.hex().encode() in content.lower()}
    return found | ({"Exif"} if b"Exif\0\0" in content else set())


def crawl(browser: httpx.Client, start: Iterable[str]) -> dict[str, httpx.Response]:
    """Open every page and every download that can be reached by links."""
    waiting, seen = [*start], dict[str, httpx.Response]()
    while waiting:
        path = waiting.pop()
        if path in seen:
            continue
        assert len(seen) < MOST_PAGES, "more pages than this test foresaw"
        seen[path] = answer = browser.get(path)
        if answer.headers["content-type"].startswith("text/html"):
            links = re.findall(r'(?:href|src)="(/[^"#?]*)', answer.text)
            waiting += [link for link in links if link not in seen]
    return seen


def send(house: House, contents: dict[str, bytes]) -> str:
    """File a tip as a browser does, and give its receipt."""
    with httpx.Client(base_url=house.public_url, timeout=60, headers={"accept": "text/html"}) as client:
        page = client.get("/s/lincoln")
        once = tree(page.text).xpath("//form[contains(@class, 'report')]//input[@name='once']/@value")[0]
        parts = [("files", (f"{NAME}.{kind}", content)) for kind, content in contents.items()]
        sent = client.post("/s/lincoln", data={"once": once, "text": SAID}, files=parts)
        assert sent.status_code == 200
        receipt = receipt_of(sent.text)
        back = client.post("/back", data={"receipt": receipt})
        house.seen += [answer.content + repr(answer.headers).encode() for answer in (page, sent, back)]
        assert "Files sent: 3" in back.text
    return receipt


def case_of(browser: httpx.Client) -> str | None:
    """Find the case with what was said, once all that came with it can be opened."""
    for number in dict.fromkeys(re.findall(r"/cases/(\d{4}-\d{4})", browser.get("/").text)):
        page = browser.get(f"/cases/{number}").text
        if "knife" in page and len(set(re.findall(r"/attachments/[0-9a-f]{32}/\d+", page))) == 4:
            return str(number)
    return None


def stored(var: Path) -> dict[str, bytes]:
    return {str(path.relative_to(var)): path.read_bytes() for path in var.rglob("*") if path.is_file()}


def test_nothing_of_a_photos_place_is_stored_or_served(house: House) -> None:
    contents = {"jpg": files.picture(), "mp4": files.film(), "pdf": files.paper(2)}
    every = set().union(*(traces(content) for content in contents.values()))
    assert every == {"the place", *WORDS, "Exif"} - {NAME}, "the search finds all there is to be found"
    assert traces(f"x{NAME}.jpg".encode("utf-16-le")) == {NAME}
    send(house, contents)
    with house.browser() as browser:
        number = until(lambda: case_of(browser), "the case, with its clean copies")
        served = crawl(browser, ["/", "/?show=all", f"/cases/{number}"])
    downloads = {path: answer for path, answer in served.items() if path.startswith("/attachments/")}
    mine = re.findall(r"/attachments/[0-9a-f]{32}/\d+", served[f"/cases/{number}"].text)
    assert {downloads[path].headers["content-type"] for path in mine} == {"image/jpeg", "video/mp4"}
    heads = [downloads[path].content[:8] for path in mine]
    assert all(head.startswith(b"\xff\xd8\xff") or head.endswith(b"ftyp") for head in heads), heads
    assert len(house.seen) > len(served)
    assert [traces(answer) for answer in house.seen if traces(answer)] == []
    kept = stored(house.var)
    assert {"tipline.db", "intake.log", "worker.log"} <= {Path(name).name for name in kept}
    media = [name for name in kept if name.startswith("media/")]
    assert len(media) == 3, "the clean copies are there, and the originals are gone"
    assert {name: found for name, content in kept.items() if (found := traces(content))} == {}
