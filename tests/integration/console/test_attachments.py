"""What came with a message, at the console: clean copies alone, in a sandbox, to staff of the district alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import delete, select, update

from gateway.core.media import erasing, incoming
from gateway.core.media.cleaning import Cleaning
from gateway.core.media.folder import Folder
from gateway.core.media.records import Attachment
from gateway.core.media.workshop import Workshop
from gateway.core.records import Event, Message
from responders import console
from responders.cases.records import Case, CaseMessage
from tests.integration.console.conftest import URL, Desk
from tests.support import files
from tests.support.files import MARK


@pytest.fixture
def store(desk: Desk, tmp_path_factory: pytest.TempPathFactory) -> Folder:
    """Give the console a store."""
    folder = Folder(tmp_path_factory.mktemp("media"), keep_free_bytes=0)
    world = desk.world
    desk.console = console.prepare(
        world.of("console"), world.keys["console"], world.clock, desk.waker, URL, folder
    )  # fmt: skip
    desk.client.app.state.console = replace(desk.console, live=desk.client.app.state.console.live)  # type: ignore[attr-defined]
    return folder


def attach(desk: Desk, store: Folder, case: Case, *contents: bytes, refused: str | None = None) -> list[str]:
    """Put files on a case's message; the answer is their ids."""
    world, taken = desk.world, []
    for content in contents:
        file = incoming.begin(store, world.keys["intake"], "demo", world.clock())
        file.write(content)
        taken.append(file.finish())
    taken += [incoming.refused(refused)] if refused else []
    with world.database.write() as session:
        message_id = str(session.scalar(select(CaseMessage.message_id).where(CaseMessage.case_id == case.id)))
        session.execute(update(Message).where(Message.id == message_id).values(media_count=len(taken)))
        now = world.clock()
        incoming.attach(session, message_id, taken, district_id=world.district_id, actor="reporter", now=now)
    return [one.id for one in taken]


def clean(desk: Desk, store: Folder) -> None:
    world = desk.world
    Cleaning(world.of("worker"), world.keys["worker"], store, Workshop(), world.clock).clean_all()


def test_a_photo_is_opened_in_a_sandbox_and_that_is_noted(desk: Desk, store: Folder) -> None:
    case = desk.tip("look at this")
    [one] = attach(desk, store, case, files.picture())
    path = f"/attachments/{one}/0"
    assert "Is being cleaned" in desk.get(f"/cases/{case.number}").text
    assert desk.get(path).status_code == 404
    clean(desk, store)
    assert f'href="{path}"' in desk.get(f"/cases/{case.number}").text
    answer = desk.get(path)
    assert answer.status_code == 200
    assert answer.content.startswith(b"\xff\xd8\xff")
    assert MARK.encode() not in answer.content
    headers = answer.headers
    assert headers["content-type"] == "image/jpeg"
    assert headers["content-disposition"].startswith("inline; filename=")
    assert int(headers["content-length"]) == len(answer.content)
    assert "sandbox" in headers["content-security-policy"]
    assert "script-src" not in headers["content-security-policy"]
    assert (headers["x-content-type-options"], headers["cache-control"]) == ("nosniff", "no-store")
    with desk.world.database.read() as session:
        told = session.scalars(select(Event).where(Event.type == "org.tipline.attachment.opened")).all()
    assert [(event.subject, event.actor, event.data["part"]) for event in told] == [
        (f"attachment/{one}", f"account:{desk.account.id}", 0)
    ]


def test_a_recording_is_saved_and_a_paper_has_its_pages(desk: Desk, store: Folder) -> None:
    case = desk.tip("listen")
    sound, paper = attach(desk, store, case, files.recording(), files.paper(2))
    clean(desk, store)
    assert desk.get(f"/attachments/{sound}/0").headers["content-disposition"].startswith("attachment; ")
    shown = desk.get(f"/cases/{case.number}").text
    assert "Page 1" in shown
    assert "Page 2" in shown
    assert desk.get(f"/attachments/{paper}/1").content.startswith(b"\xff\xd8\xff")
    assert desk.get(f"/attachments/{paper}/2").status_code == 404


def test_what_cannot_be_opened_is_said_and_never_served(desk: Desk, store: Folder) -> None:
    case = desk.tip("see the file")
    broken, refused = attach(desk, store, case, b"<svg><script>1</script></svg>", refused="too_large")
    clean(desk, store)
    shown = desk.get(f"/cases/{case.number}").text
    assert "Could not be opened" in shown
    assert "too large" in shown
    assert [desk.get(f"/attachments/{one}/0").status_code for one in (broken, refused)] == [404, 404]


def test_what_a_virus_scanner_said_or_did_not_say_is_told(desk: Desk, store: Folder) -> None:
    case = desk.tip("see the files")
    bad, good = attach(desk, store, case, b"bad", files.picture())
    clean(desk, store)
    with desk.world.database.write() as session:
        session.execute(update(Attachment).where(Attachment.id == bad).values(reason="infected"))
        session.execute(update(Attachment).where(Attachment.id == good).values(reason="unscreened"))
    shown = " ".join(desk.get(f"/cases/{case.number}").text.split())
    assert "Could not be opened: a virus scanner found something in it. It is kept, sealed." in shown
    assert "</a>. Not looked at by the virus scanner" in shown
    assert [desk.get(f"/attachments/{one}/0").status_code for one in (bad, good)] == [404, 200]


def test_strangers_and_other_districts_see_nothing(desk: Desk, store: Folder) -> None:
    case = desk.tip("look")
    [one] = attach(desk, store, case, files.picture())
    clean(desk, store)
    cookies, desk.client.cookies = desk.client.cookies, {}
    stranger = desk.get(f"/attachments/{one}/0")
    assert stranger.status_code == 303
    assert b"\xff\xd8" not in stranger.content
    desk.client.cookies = cookies
    assert desk.get(f"/attachments/{one}/0").status_code == 200
    with desk.world.database.write() as session:
        session.execute(update(Message).values(district_id=None))
    assert desk.get(f"/attachments/{one}/0").status_code == 404


def test_a_file_goes_with_its_row(desk: Desk, store: Folder) -> None:
    case = desk.tip("look")
    [one] = attach(desk, store, case, files.picture())
    clean(desk, store)
    later = desk.world.clock() + timedelta(days=36500)
    assert len(list(store.names(later))) == 1
    with desk.world.database.write() as session:
        session.execute(delete(Attachment))
    assert desk.get(f"/attachments/{one}/0").status_code == 404
    assert erasing.sweep(desk.world.of("worker"), store, later) == 1
    assert list(store.names(later)) == []
