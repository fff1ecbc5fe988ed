"""A language that nobody wrote: every text marked, from right to left. What is not marked was never in a catalogue."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from babel.messages.pofile import read_po, write_po
from starlette.testclient import TestClient

from channels.portal.languages import FOLDER, Languages
from channels.portal.pages import Pages
from gateway.core.errors import Unavailable
from tests.integration.channels.conftest import LINCOLN
from tests.support.page_forms import Form, receipt_of, tree
from tests.support.world import World

PSEUDO = "ar"
OPEN, CLOSE = "⟦", "⟧"
OURS = {"Lincoln High School", "Cedar Middle School", "English", "Español", "→"}
CSS = Path(__file__).parents[3] / "channels/portal/static/portal.css"


@pytest.fixture
def languages(tmp_path: Path) -> Languages:
    """Make a catalogue with every text in marks; its code is one that is written from right to left."""
    with (FOLDER / "es/LC_MESSAGES/portal.po").open("rb") as file:
        catalogue = read_po(file, locale=PSEUDO)
    for message in catalogue:
        if message.id:
            message.string = f"{OPEN}{message.id}{CLOSE}"
    path = tmp_path / PSEUDO / "LC_MESSAGES/portal.po"
    path.parent.mkdir(parents=True)
    with path.open("wb") as file:
        write_po(file, catalogue)
    return Languages(tmp_path)


@pytest.fixture
def client(serve: Callable[..., TestClient], languages: Languages) -> TestClient:
    return serve(pages=Pages(languages))


def unmarked(page: str) -> list[str]:
    """List what a page shows or says that came from no catalogue; data, numbers and what was typed are not texts."""
    shown = tree(page)
    for node in shown.xpath(
        "//*[@translate='no' or @lang!='ar'][not(self::html)] | //time | //textarea | //*[@class='words'] | //script"
    ):
        node.text, node[:] = "", []
    texts = [str(text) for text in shown.itertext()]
    texts += shown.xpath("//@alt | //@aria-label | //@placeholder | //@title | //meta[@name='description']/@content")
    texts += shown.xpath("//@data-sends | //@data-done | //@*[starts-with(name(), 'data-say-')]")
    bare = (re.sub(f"{OPEN}[^{CLOSE}]*{CLOSE}", "", text) for text in texts)
    return [text.strip() for text in bare if re.search(r"[^\W\d_]", text) and text.strip(" ·\n") not in OURS]


def test_every_text_of_every_page_is_in_the_catalogues(client: TestClient, world: World) -> None:
    client.headers["accept-language"] = PSEUDO
    form = Form.of(client.get(LINCOLN))
    sent = form.send(client, text="he has a knife")
    talk = client.post("/back", data={"receipt": receipt_of(sent.text)})
    pages = [
        client.get(path) for path in ("/", "/back", "/privacy", "/adults", "/nothing", f"{LINCOLN}/poster", LINCOLN)
    ]
    pages += [
        sent,
        talk,
        form.send(client, text=""),
        form.send(client, text="x" * 30_000, who="y" * 2_000),
        Form.of(talk).send(client, text=""),
        Form.of(talk).send(client, text="in the gym"),
        client.post("/back", data={"receipt": "ABCD"}),
        client.post("/back", data={"receipt": "0000-0000-0000-0000"}),
        client.post("/back/answer", data={"receipt": "ABCD", "text": "more"}),
        client.post(LINCOLN, data=form.fields, headers={"sec-fetch-site": "cross-site"}),
        client.post("/s/nowhere", data={"text": "he has a knife"}),
        client.post(LINCOLN, json={"text": "a"}),
    ]
    for page in pages:
        assert '<html lang="ar" dir="rtl">' in page.text, page.url
        assert OPEN in page.text
        assert unmarked(page.text) == [], page.url


def test_a_page_for_when_nothing_answers_is_in_the_catalogues_too(
    serve: Callable[..., TestClient], languages: Languages
) -> None:
    async def away(*_: object) -> None:
        raise Unavailable

    async def broken(*_: object) -> None:
        raise RuntimeError

    for parts in ({"file": away}, {"file": broken}):
        client = serve(pages=Pages(languages), **parts)
        client.headers["accept-language"] = PSEUDO
        page = Form.of(client.get(LINCOLN)).send(client, text="knife")
        assert page.status_code >= 500
        assert unmarked(page.text) == []


def test_unmarked_finds_a_text_that_is_in_no_catalogue(client: TestClient) -> None:
    client.headers["accept-language"] = PSEUDO
    page = client.get(LINCOLN).text
    assert unmarked(page.replace("</main>", "<p>Hello</p></main>")) == ["Hello"]
    assert unmarked(page.replace("<main", '<main title="Hello"')) == ["Hello"]


def test_the_style_knows_no_left_and_no_right() -> None:
    style = re.sub(r"/\*.*?\*/", "", CSS.read_text("utf-8"), flags=re.DOTALL)
    tick = re.compile(r"\.tick::after \{[^}]*\}")  # drawn, so it looks the same from either side
    assert tick.search(style)
    found = re.findall(
        r"(?:margin|padding|border)-(?:left|right)|(?<![\w-])(?:left|right)\s*:|text-align: (?:left|right)",
        tick.sub("", style),
    )
    assert found == []


def test_a_fuzzy_text_is_shown_in_english(tmp_path: Path) -> None:
    path = tmp_path / "fr/LC_MESSAGES/portal.po"
    path.parent.mkdir(parents=True)
    path.write_text('msgid "Send"\nmsgstr "Envoyer"\n\n#, fuzzy\nmsgid "Copy"\nmsgstr "Non"\n', "utf-8")
    french = Languages(tmp_path).choose("fr", "")
    assert (french.words.gettext("Send"), french.words.gettext("Copy")) == ("Envoyer", "Copy")
    assert (french.name, french.direction) == ("Français", "ltr")
