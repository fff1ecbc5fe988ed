"""A photo that says where it was taken, from a phone to the case page on real processes: nothing of it is left."""

from __future__ import annotations

import io
import re
import sqlite3
import struct
from base64 import b64encode
from contextlib import closing

import httpx
import pytest
from PIL import Image
from playwright.sync_api import Browser, expect

from gateway.core import wording
from gateway.core.database import Database
from gateway.core.media.records import Attachment
from tests.support import files
from tests.support.house import CEDAR, House, until
from tests.support.leaks import search, search_files

pytestmark = [pytest.mark.e2e, pytest.mark.browser]

STUDENT, OTHER = "+14045550151", "+14045550152"
SECONDS = struct.pack(">II", 617, 25), struct.pack("<II", 617, 25)
"""The seconds of the photo's latitude, as EXIF writes them."""
TRACES = (files.MARK.encode(), b"Exif\0", b"xmpmeta", *SECONDS)
ASIDE = ("phones.db", "phones.db-wal", "phones.db-shm")
"""The stand-in's own store: the photo is with the phone company, until it is deleted there."""


@pytest.fixture(scope="module")
def photo() -> bytes:
    """A photo with its place, maker, thumbnail and XMP; red at its left half."""
    content = files.picture(size=(640, 480))
    assert sum(trace in content for trace in TRACES) == len(TRACES) - 1, "one order of bytes, and the search does find"
    return content


def attachments(house: House) -> list[Attachment]:
    """Read the rows of all attachments, oldest first."""
    database = Database(f"sqlite:///{house.var / 'tipline.db'}")
    try:
        with database.read() as session:
            return list(session.query(Attachment).order_by(Attachment.at, Attachment.position))
    finally:
        database.close()


def clean(house: House, count: int) -> list[Attachment]:
    """Wait until so many are cleaned and their originals gone."""

    def done() -> list[Attachment] | None:
        found = attachments(house)
        whole = [row for row in found if row.state == "clean" and row.original is None]
        return found if len(whole) == count else None

    return until(done, f"{count} clean copies")


def page_of(staff: httpx.Client, row: Attachment) -> str:
    """Find the page of the case that an attachment came to."""
    numbers = dict.fromkeys(re.findall(r"/cases/(\d{4}-\d{4})", staff.get("/?show=all").text))
    [shown] = [page for number in numbers if row.id in (page := staff.get(f"/cases/{number}").text)]
    return shown


def check(content: bytes) -> None:
    """See that it is the photo, and only its pixels."""
    picture = Image.open(io.BytesIO(content)).convert("RGB")
    assert not Image.open(io.BytesIO(content)).getexif()
    assert picture.size == (640, 480)
    left, right = Image.new("RGB", (1, 1), "red"), Image.new("RGB", (1, 1), "blue")
    for place, wanted in (((80, 240), left), ((560, 240), right)):
        found = picture.crop((*place, place[0] + 1, place[1] + 1)).tobytes()
        assert all(abs(a - b) < 30 for a, b in zip(found, wanted.tobytes(), strict=True)), place


def test_a_photo_sent_from_the_phone_s_page_is_seen_on_the_case_s_page(
    house: House, browser: Browser, photo: bytes
) -> None:
    page = browser.new_page()
    page.goto(house.phones_url)
    page.get_by_label("This phone’s number").evaluate(
        "(field, number) => { field.value = number; field.dispatchEvent(new Event('change')); }", STUDENT
    )
    for name in ("IMG_1.jpg", "IMG_2.jpg"):
        page.get_by_label("Attach pictures or other files").set_input_files(
            {"name": name, "mimeType": "image/jpeg", "buffer": photo}
        )
    page.get_by_role("button", name="Take away IMG_2.jpg").click()
    page.get_by_label("Text message from the student").fill("he posted this picture of a gun")
    page.locator("#student").get_by_role("button", name="Send").click()
    talk = page.get_by_role("log", name="Messages on the student’s phone")
    expect(talk.get_by_alt_text("A picture that was sent")).to_be_visible()
    expect(talk).to_contain_text(wording.receipt("en"), timeout=30_000)
    page.close()

    [row] = clean(house, 1)
    with house.browser() as staff:
        shown = page_of(staff, row)
        links = re.findall(r'href="(/attachments/[^"]+)"', shown)
        assert "he posted this picture of a gun" in " ".join(
            re.sub(r'<span class="unseen">.*?</span>|<[^>]+>', "", shown).split()
        )
        assert links == [f"/attachments/{row.id}/0"]
        answer = staff.get(links[0])
    assert answer.headers["Content-Type"] == "image/jpeg"
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    check(answer.content)


def test_a_picture_without_words_is_a_tip_and_a_file_that_does_not_open_is_said_to_be_there(
    house: House, photo: bytes
) -> None:
    svg = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"
    media = [
        {"content_type": "image/jpeg", "base64": b64encode(photo).decode()},
        {"content_type": "image/jpeg", "base64": b64encode(svg).decode()},
    ]
    assert house.text(OTHER, "", to=CEDAR, media=media, times=2)["webhook_status"] == 200

    def looked_at() -> list[Attachment] | None:
        found = attachments(house)
        return found if {row.state for row in found[1:]} == {"clean", "broken"} else None

    rows = until(looked_at, "both files to be looked at")
    assert [row.position for row in rows[1:]] == [0, 1], "once each, though the carrier brought the text twice"
    with house.browser() as staff:
        shown = page_of(staff, rows[1])
        assert "Could not be opened" in shown
        assert staff.get(f"/attachments/{rows[2].id}/0").status_code == 404
        check(staff.get(f"/attachments/{rows[1].id}/0").content)


def test_an_attachment_is_for_staff_who_are_signed_in(house: House) -> None:
    [one, *_] = attachments(house)
    answer = httpx.get(f"{house.console_url}/attachments/{one.id}/0", follow_redirects=True)
    assert not answer.content.startswith(b"\xff\xd8")
    assert "image" not in answer.headers["Content-Type"]


def test_what_is_safe_here_is_deleted_at_the_carrier(house: House) -> None:
    clean(house, 2)

    def left() -> list[tuple[str]]:
        with closing(sqlite3.connect(house.var / "phones.db", timeout=30)) as records:
            return records.execute("SELECT sid FROM media").fetchall()

    assert until(lambda: left() == [], "the carrier's copies gone", 180)


def test_nothing_of_the_place_is_stored_or_served(house: House) -> None:
    """All files of the house, Valkey's, logs and every answer; the stand-in's own store, which had it, is set aside."""
    clean(house, 2)
    searched = [path for path in house.var.rglob("*") if path.is_file() and path.name not in ASIDE]
    assert {"tipline.db", "courier.log", "worker.log"} <= {path.name for path in searched}
    assert [path for path in searched if "appendonly" in str(path)]
    kept = [path for path in searched if (house.var / "media") in path.parents]
    assert len(kept) == 3, "two clean copies, and one that does not open"
    for trace in TRACES:
        assert [path for path in searched if trace in path.read_bytes()] == [], trace
        assert not [answer for answer in house.seen if trace in answer], trace
    assert not [path for path in kept if path.read_bytes()[:3] == b"\xff\xd8\xff"], "they are sealed"
    numbers = (STUDENT, OTHER)
    assert search_files(house.var, numbers, aside=["phones.db", "env/phones.json"]) == {}
    assert not [answer for answer in house.seen if search(answer, numbers)]
