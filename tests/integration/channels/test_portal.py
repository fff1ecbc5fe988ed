"""The portal as a browser without script meets it: school, report, receipt, way back. On both databases."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import func, select
from starlette.testclient import TestClient

from channels.portal import schools
from gateway.core import conversation
from gateway.core.records import Copy, District, Message, School, Thread
from gateway.core.times import utc_now
from tests.integration.channels.conftest import LINCOLN
from tests.support.page_forms import Form, receipt_of
from tests.support.world import World


def count(world: World, table: type) -> int:
    with world.database.read() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def add_schools(world: World, *names: str, district: str | None = None) -> None:
    with world.database.write() as session:
        district_id = world.district_id
        if district:
            session.add(made := District(slug=district, name=district.title()))
            session.flush()
            district_id = made.id
        for name in names:
            session.add(School(district_id=district_id, slug=name.lower().replace(" ", "-"), name=name))


def test_the_first_page_lists_the_schools_of_a_small_district(client: TestClient) -> None:
    page = client.get("/")
    assert page.status_code == 200
    assert 'href="/s/lincoln"' in page.text
    assert 'href="/s/cedar"' in page.text
    assert 'name="q"' not in page.text


def test_a_school_of_many_is_found_by_name_without_script(client: TestClient, world: World) -> None:
    add_schools(world, *(f"School {number}" for number in range(schools.MOST_SHOWN)), "Niños Héroes Elementary")
    first = client.get("/").text
    assert 'name="q"' in first
    assert "/s/school-1" not in first
    found = client.get("/", params={"q": "heroes NINOS"}).text
    assert re.findall(r'href="(/s/[^"]+)"', found) == ["/s/niños-héroes-elementary"]
    assert "School 1" not in found
    assert "We found no school" in client.get("/", params={"q": "<script>alert(1)</script>"}).text
    assert "There are more" in client.get("/", params={"q": "o"}).text


def test_a_school_has_its_own_link_and_districts_do_not_collide(client: TestClient, world: World) -> None:
    assert "Lincoln High School" in client.get(LINCOLN).text
    add_schools(world, "Lincoln", district="aspen")
    asked = client.get(LINCOLN)
    assert asked.status_code == 300
    for district in ("demo", "aspen"):
        link = f"/d/{district}{LINCOLN}"
        assert f'href="{link}"' in asked.text
        assert f'action="{link}"' in client.get(link).text
    assert client.get("/s/cedar").status_code == 200
    assert client.get("/d/aspen/s/cedar").status_code == 404


@pytest.mark.parametrize("path", ["/s/nowhere", "/d/nobody/s/lincoln", "/s/nowhere/qr.svg", "/s/nowhere/poster", "/x"])
def test_what_is_not_there_is_a_plain_page(client: TestClient, path: str) -> None:
    page = client.get(path)
    assert page.status_code == 404
    assert "This page is not here" in page.text
    assert "tel:988" in page.text


def test_the_poster_has_the_schools_link_as_a_code(client: TestClient) -> None:
    code = client.get(f"{LINCOLN}/qr.svg")
    assert code.headers["content-type"] == "image/svg+xml"
    assert code.text.startswith("<svg")
    assert "style" not in code.text
    poster = client.get(f"{LINCOLN}/poster").text
    assert "tips.example.org/s/lincoln" in poster
    assert f'src="{LINCOLN}/qr.svg"' in poster
    assert "(303) 555-0100" in poster


def test_a_report_is_on_disk_and_its_receipt_opens_it(client: TestClient, world: World) -> None:
    said = {"text": "he has a knife", "where": "gym", "when": "today", "who": "tall"}
    page = Form.of(client.get(LINCOLN)).send(client, **said, topic="weapon", role="parent", before="yes")
    assert page.status_code == 200
    receipt = receipt_of(page.text)
    with world.database.read() as session:
        message = session.scalars(select(Message)).one()
        assert (message.topic, message.language) == ("weapon", "en")
        assert session.scalars(select(Thread)).one().school_id == world.school_id
        words = conversation.words(world.keys["worker"], message)
    for part in (*said.values(), "parent", "before"):
        assert part in words
    back = client.post("/back", data={"receipt": receipt.lower().replace("-", " ")})
    assert back.status_code == 200
    assert "he has a knife" in back.text
    assert "No one has opened it yet" in back.text


def test_a_receipt_stands_in_no_address_and_no_header(client: TestClient) -> None:
    page = Form.of(client.get(LINCOLN)).send(client, text="he has a knife")
    receipt = receipt_of(page.text)
    back = client.post("/back", data={"receipt": receipt})
    for answer in (page, back):
        assert receipt not in str(answer.headers)
        links = re.findall(r'(?:href|src|action)="([^"]*)"', answer.text)
        assert links
        assert not [link for link in links if receipt[:4] in link]
    assert page.text.count(receipt) == 1
    assert client.get("/back", params={"receipt": receipt}).text.count(receipt) == 0


def test_a_repeated_post_is_one_report_with_one_receipt(client: TestClient, world: World) -> None:
    form = Form.of(client.get(LINCOLN))
    first, again = (form.send(client, text="he has a knife") for _ in range(2))
    assert receipt_of(first.text) == receipt_of(again.text)
    assert (count(world, Message), count(world, Thread)) == (1, 1)
    other = Form.of(client.get(LINCOLN)).send(client, text="he has a knife")
    assert receipt_of(other.text) != receipt_of(first.text)


def test_a_person_who_read_it_shows_and_a_reply_can_be_answered(client: TestClient, world: World) -> None:
    receipt = receipt_of(Form.of(client.get(LINCOLN)).send(client, text="he has a knife").text)
    with world.database.write() as session:
        thread = session.scalars(select(Thread)).one()
        thread.seen_at = utc_now()
        conversation.reply(
            session, world.keys["console"], thread, "Where is <b>he</b>?", author="account:x", now=utc_now()
        )
    page = client.post("/back", data={"receipt": receipt})
    assert "Where is &lt;b&gt;he&lt;/b&gt;?" in page.text
    assert "A person has read your report." in page.text
    form = Form.of(page)
    said = [form.send(client, text="in the gym") for _ in range(2)]
    assert [answer.status_code for answer in said] == [200, 200]
    assert "Sent. It is with us now." in said[0].text
    assert said[1].text.count("in the gym") == 1
    assert count(world, Copy) == 3


def test_a_page_that_has_it_all_is_told_nothing(client: TestClient, world: World) -> None:
    receipt = receipt_of(Form.of(client.get(LINCOLN)).send(client, text="he has a knife").text)
    form = Form.of(client.post("/back", data={"receipt": receipt}), "version")
    assert client.post("/back", data=form.fields).status_code == 204
    with world.database.write() as session:
        thread = session.scalars(select(Thread)).one()
        conversation.reply(session, world.keys["console"], thread, "Where?", author="account:x", now=utc_now())
    news = client.post("/back", data=form.fields)
    assert (news.status_code, "Where?" in news.text) == (200, True)


def test_help_is_in_view_on_every_page(client: TestClient, world: World) -> None:
    with world.database.write() as session:
        session.get_one(District, world.district_id).help_lines = [
            {"name": "Our counsellors", "number": "+13035550140"}
        ]
        session.get_one(School, world.school_id).help_lines = [{"name": "School police", "number": "+13035550142"}]
        session.get_one(District, world.district_id).leave_url = "https://news.example.org/"
    sent = Form.of(client.get(LINCOLN)).send(client, text="he has a knife")
    talk = client.post("/back", data={"receipt": receipt_of(sent.text)})
    district = [client.get(path) for path in ("/", "/back", "/privacy", "/adults", "/nothing")]
    school = [client.get(LINCOLN), client.get(f"{LINCOLN}/poster"), sent, talk]
    for page in (*district, *school):
        aside = page.text.partition("<aside")[2]
        for number in ("tel:911", "tel:988", "sms:741741", "tel:+13035550140"):
            assert number in aside, page.url
        assert ("tel:+13035550142" in aside) == (page in school), page.url
        assert 'href="https://news.example.org/" rel="noreferrer nofollow"' in page.text
    assert "tel:+13035550142" not in client.get("/s/cedar").text


def test_text_number_of_the_school_is_offered(client: TestClient) -> None:
    assert 'href="sms:+13035550100"' in client.get(LINCOLN).text
    assert 'href="sms:+13035550101"' in client.get("/s/cedar").text


def test_the_language_is_the_browsers_or_the_one_chosen_and_links_keep_it(client: TestClient) -> None:
    spanish = client.get("/", headers={"accept-language": "es-MX,es;q=0.9,en;q=0.5"})
    assert '<html lang="es" dir="ltr">' in spanish.text
    assert 'href="/s/lincoln"' in spanish.text
    english = client.get("/?lang=en", headers={"accept-language": "es"})
    assert '<html lang="en"' in english.text
    assert 'href="/s/lincoln?lang=en"' in english.text
    for header in ("xx", "es;q=0", "*", ";;,q=;=", "e" * 10_000, "en;q=nan, es;q=x"):
        assert '<html lang="en"' in client.get("/", headers={"accept-language": header}).text
    page = Form.of(client.get(f"{LINCOLN}?lang=es")).send(client, text="tiene un cuchillo")
    assert "Anótalo ahora" in page.text


def test_switching_the_language_of_a_form_keeps_what_was_typed(client: TestClient, world: World) -> None:
    failed = Form.of(client.get(LINCOLN)).send(client, where="gym")
    switch = Form.of(failed, "switch")
    assert (switch.fields["switch"], switch.fields["where"]) == ("yes", "gym")
    spanish = switch.send(client, lang="es")
    assert spanish.status_code == 200
    assert "¿Qué pasó?" in spanish.text
    assert 'value="gym"' in spanish.text
    assert count(world, Message) == 0
    receipt = receipt_of(Form.of(client.get(LINCOLN)).send(client, text="he has a knife").text)
    talk = Form.of(client.post("/back", data={"receipt": receipt}), "switch").send(client, lang="es")
    assert "Tu reporte" in talk.text
    assert "he has a knife" in talk.text


def test_pages_set_no_cookie_and_load_nothing_from_elsewhere(client: TestClient) -> None:
    sent = Form.of(client.get(LINCOLN)).send(client, text="he has a knife")
    talk = client.post("/back", data={"receipt": receipt_of(sent.text)})
    pages = [
        client.get(path) for path in ("/", LINCOLN, f"{LINCOLN}/poster", "/back", "/privacy", "/adults", "/nothing")
    ]
    for page in (*pages, sent, talk):
        assert "set-cookie" not in page.headers
        assert page.headers["referrer-policy"] == "no-referrer"
        assert page.headers["cache-control"] == "no-store"
        assert page.headers["content-security-policy"].startswith(
            "default-src 'none'; script-src 'self'; style-src 'self'"
        )
        assert not re.findall(r"<script(?! src=\"/static/)|<style| style=| on[a-z]+=\"", page.text)
        assert not re.findall(r'(?:src|action)="(?!/)|<link[^>]*href="(?!/)', page.text)
    for name in ("portal.css", "portal.js", "solver.js", "mark.svg"):
        assert client.get(f"/static/{name}").status_code == 200
