"""Posters as PDF, read back as a person and a phone would: their words, and where their codes lead."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import Any

import pypdfium2
import pytest
import zxingcpp
from sqlalchemy import update
from starlette.testclient import TestClient

from channels.portal import paper
from channels.portal.paper import SIZES
from gateway.core.records import District, Line, School
from tests.integration.channels.conftest import LINCOLN
from tests.support.page_forms import Form
from tests.support.world import World

LINK = "https://tips.example.org/s/lincoln"
_POINTS = 72 / 25.4


def opened(content: bytes) -> Any:
    """Open a PDF of one page; the answer is that page."""
    document = pypdfium2.PdfDocument(content)
    assert len(document) == 1
    return document[0]


def words(content: bytes) -> str:
    return " ".join(opened(content).get_textpage().get_text_range().split())


def codes(content: bytes) -> list[str]:
    picture = opened(content).render(scale=4).to_pil()
    return [code.text for code in zxingcpp.read_barcodes(picture)]


@pytest.mark.parametrize("size", ["letter", "a4"])
@pytest.mark.parametrize(
    ("lang", "said"),
    [
        ("en", ["Something wrong at school? Tell us.", "Point your phone’s camera here", "Or text (303) 555-0100",
                "Is someone in danger right now? Call 911."]),
        ("es", ["¿Algo anda mal en la escuela? Cuéntanos.", "No tienes que decir quién eres.",
                "Apunta aquí la cámara de tu teléfono", "O manda un mensaje al (303) 555-0100"]),
    ],
)  # fmt: skip
def test_a_poster_says_it_all_and_its_code_leads_to_the_school(
    client: TestClient, size: str, lang: str, said: list[str]
) -> None:
    answer = client.get(f"{LINCOLN}/poster.pdf?lang={lang}&size={size}")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pdf")
    page = opened(answer.content)
    assert [round(side / _POINTS, 1) for side in page.get_size()] == [
        pytest.approx(side, abs=0.2) for side in SIZES[size]
    ]
    text = words(answer.content)
    for part in (*said, "Lincoln High School", "tips.example.org/s/lincoln", "988", "741741"):
        assert part in text, part
    assert codes(answer.content) == [LINK]
    assert b"/FontFile2" in answer.content, "the letters are in it"
    assert re.search(rb"/Lang \(?" + lang.encode(), answer.content), "a reader aloud knows the language"


def test_strips_to_tear_off_carry_the_code_each(client: TestClient) -> None:
    answer = client.get(f"{LINCOLN}/poster.pdf?size=a4&strips=yes")
    assert codes(answer.content) == [LINK] * 9
    assert words(answer.content).count("tips.example.org/s/lincoln") == 9


def test_the_poster_s_page_leads_to_them_in_its_language(client: TestClient) -> None:
    page = client.get(f"{LINCOLN}/poster?lang=es").text
    links = re.findall(r'href="([^"]+poster\.pdf[^"]+)"', page)
    assert len(links) == 4
    for link in links:
        assert "Cuéntanos" in words(client.get(link.replace("&amp;", "&")).content), link


def test_long_names_and_addresses_stay_on_the_page(client: TestClient, world: World) -> None:
    slug = "academia-internacional-de-ciencias-ninos-heroes-de-chapultepec"
    name = "Academia Internacional de Ciencias y Artes Niños Héroes de Chapultepec “Ñandú” № 1"
    with world.database.write() as session:
        session.execute(update(School).where(School.id == world.school_id).values(name=name, slug=slug))
        session.execute(update(District).values(help_lines=[{"name": "N" * 60, "number": "+13035550140"}]))
    content = client.get(f"/s/{slug}/poster.pdf?lang=es&strips=yes").content
    page = opened(content)
    text = page.get_textpage()
    for number in range(text.count_rects()):
        left, bottom, right, top = text.get_rect(number)
        assert left >= 10, number
        assert right <= page.get_width() - 10, number
        assert bottom >= 10, number
        assert top <= page.get_height() - 10, number
    assert name in words(content)
    assert codes(content) == [f"https://tips.example.org/s/{slug}"] * 9


def test_a_school_without_a_number_says_nothing_of_texting(client: TestClient, world: World) -> None:
    with world.database.write() as session:
        session.execute(update(Line).values(purpose="paging"))
    assert "Or text" not in words(client.get(f"{LINCOLN}/poster.pdf").content)


def test_posters_are_drawn_one_at_a_time_so_that_tips_get_in(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    others: list[int] = []

    def draw(*given: Any, **named: Any) -> bytes:
        other = client.get(f"{LINCOLN}/poster.pdf?size=a4")
        others.append(other.status_code)
        assert other.headers["retry-after"]
        others.append(Form.of(client.get(LINCOLN)).send(client, text="he has a knife").status_code)
        return b"%PDF-"

    with monkeypatch.context() as patch:
        patch.setattr(paper, "draw", draw)
        assert client.get(f"{LINCOLN}/poster.pdf").status_code == 200
    assert others == [503, 200]
    assert client.get(f"{LINCOLN}/poster.pdf?size=a4").status_code == 200, "it is free again"


def test_what_draws_is_loaded_when_a_poster_is_wanted() -> None:
    code = "import sys; from gateway.front import apps; print([n for n in ('fpdf', 'fontTools') if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("path", [f"{LINCOLN}/poster.pdf?size=a3", "/s/nowhere/poster.pdf"])
def test_what_there_is_not_is_a_plain_page(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 404


def test_a_name_in_letters_that_our_type_has_not_is_no_broken_poster(client: TestClient, world: World) -> None:
    with world.database.write() as session:
        session.execute(update(School).where(School.id == world.school_id).values(name="学校"))
    assert client.get(f"{LINCOLN}/poster.pdf").status_code == 404
    assert "学校" in client.get(f"{LINCOLN}/poster").text
