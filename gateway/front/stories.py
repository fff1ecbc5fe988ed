"""What the demo tells: a made-up district, its people, some days of made-up cases. Numbers are fictional (555-01xx)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

DISTRICT, DISTRICT_NAME, TIMEZONE = "demo", "Cedar Valley School District", "America/Denver"
STUDENT = "+13035550123"
PAGING_LINE = "+13035550110"

Verb = Literal["text", "answer", "acknowledge", "assign", "note", "reply", "move"]


@dataclass(frozen=True)
class School:
    """A school, the number that people text, and where it is: a closed polygon, `lat,lon lat,lon …`."""

    slug: str
    name: str
    number: str
    polygon: str


@dataclass(frozen=True)
class Person:
    """Someone who signs in and can be paged. `tier` is the list they stand on."""

    username: str
    name: str
    role: str
    number: str
    tier: Literal["on_call", "escalation"]


@dataclass(frozen=True)
class Act:
    """What happens `minute` minutes after a story began. `who` is a username, or empty for the reporter."""

    minute: int
    verb: Verb
    who: str = ""
    words: str = ""
    to: str = ""
    why: str = ""


@dataclass(frozen=True)
class Story:
    """One reporter's tip and what became of it; it began `days_ago` at `at`, hour and minute in UTC."""

    days_ago: int
    at: tuple[int, int]
    school: str
    sender: str
    acts: tuple[Act, ...]


SCHOOLS = (
    School(
        "lincoln",
        "Lincoln High School",
        "+13035550100",
        "39.7420,-105.2110 39.7420,-105.2060 39.7390,-105.2060 39.7390,-105.2110 39.7420,-105.2110",
    ),
    School(
        "cedar",
        "Cedar Middle School",
        "+13035550101",
        "39.7520,-105.2210 39.7520,-105.2170 39.7495,-105.2170 39.7495,-105.2210 39.7520,-105.2210",
    ),
)
COUNTY = "SAME=008059"
STAFF = (
    Person("dana", "Dana Ortiz", "counsellor", "+13035550161", "on_call"),
    Person("marcus", "Marcus Bell", "administrator", "+13035550162", "on_call"),
    Person("riley", "Riley Chen", "officer", "+13035550163", "on_call"),
    Person("sam", "Sam Whitehorse", "operator", "+13035550164", "escalation"),
    Person("alma", "Alma Reyes", "administrator", "+13035550165", "escalation"),
)


def report_lines() -> list[tuple[str, str]]:
    """List the numbers that people text, each with its label."""
    return [(school.number, school.name) for school in SCHOOLS]


def _text(minute: int, words: str) -> Act:
    return Act(minute, "text", words=words)


def _did(minute: int, verb: Verb, who: str, words: str = "", *, to: str = "", why: str = "") -> Act:
    return Act(minute, verb, who, words, to, why)


STORIES = (
    Story(6, (17, 12), "lincoln", "+17205550131", (
        _text(0, "some kids are selling vapes in the 2nd floor bathroom every day at lunch"),
        _did(41, "acknowledge", "marcus"),
        _did(43, "assign", "marcus"),
        _did(50, "reply", "marcus", "Thank you. Is it one lunch or both?"),
        _text(58, "first lunch mostly"),
        _did(240, "note", "marcus", "Hall monitors will stand near that bathroom at first lunch."),
        _did(1500, "move", "marcus", to="in_progress", why="started"),
        _did(2900, "move", "marcus", to="resolved", why="handled"),
    )),
    Story(5, (15, 40), "cedar", "+17205550132", (
        _text(0, "a girl in my class said she wants to die and she meant it. i dont know what to do"),
        _did(1, "answer", "dana"),
        _did(2, "assign", "dana"),
        _did(3, "reply", "dana", "You did the right thing. Do you know her first name or her class? If she may be hurt "
             "right now, call 911. You can both call or text 988 any time."),
        _text(5, "7th grade science with mr p. she went to the nurse"),
        _did(7, "move", "dana", to="in_progress", why="started"),
        _did(9, "note", "dana", "Nurse has a student from that class with her. I am on my way."),
        _did(55, "reply", "dana", "She is with someone she trusts now. Thank you for looking out for her. And you?"),
        _text(61, "ok thank you. im ok"),
        _did(1400, "move", "dana", to="resolved", why="handled"),
        _did(4300, "move", "dana", to="closed", why="handled"),
    )),
    Story(5, (19, 5), "lincoln", "+17205550133", (
        _text(0, "the back door by the gym doesnt lock, it just pushes open"),
        _did(95, "acknowledge", "marcus"),
        _did(300, "move", "marcus", to="resolved", why="handled"),
    )),
    Story(4, (16, 22), "lincoln", "+17205550134", (
        _text(0, "hay un muchacho en la cafeteria con una navaja y esta amenazando a otro"),
        _did(1, "answer", "riley"),
        _did(2, "assign", "riley"),
        _did(2, "move", "riley", to="in_progress", why="started"),
        _did(6, "reply", "riley", "Gracias. Ya estamos ahí. ¿Estás en un lugar seguro?"),
        _text(9, "si, ya me sali"),
        _did(48, "note", "riley", "Pocket knife taken. Nobody hurt. Both families called."),
        _did(70, "move", "riley", to="resolved", why="handled"),
    )),
    Story(4, (20, 31), "cedar", "+17205550135", (
        _text(0, "they made a group chat just to make fun of a boy in 6th grade and post pictures of him"),
        _did(1020, "acknowledge", "dana"),
        _did(1024, "assign", "dana"),
        _did(1030, "reply", "dana", "Thank you for telling us. That is not okay. Do you know the name of the chat?"),
    )),
    Story(3, (14, 50), "cedar", "+17205550136", (
        _text(0, "hi is this real? just testing"),
        _did(60, "move", "marcus", to="closed", why="test"),
    )),
    Story(3, (18, 17), "lincoln", "+17205550137", (
        _text(0, "my friend keeps cutting her arms. she made me promise not to tell"),
        _did(3, "answer", "dana"),
        _did(4, "assign", "dana"),
        _did(6, "reply", "dana", "Telling was hard, and right. We will not say it was you. Which grade is she in?"),
        _text(15, "11th. please dont tell her it was me"),
        _did(18, "move", "dana", to="in_progress", why="started"),
        _did(120, "note", "dana", "Met with her and her mother. Safety plan made, follow-up on Monday."),
    )),
    Story(2, (15, 2), "lincoln", "+17205550138", (
        _text(0, "two guys are going to fight behind the gym after 6th period today"),
        _did(4, "answer", "riley"),
        _did(12, "move", "riley", to="in_progress", why="started"),
        _did(310, "move", "riley", to="resolved", why="handled"),
    )),
    Story(2, (21, 44), "lincoln", "+17205550139", (
        _text(0, "no he comido desde ayer porque en mi casa no hay comida y me da pena pedir"),
        _did(30, "acknowledge", "dana"),
        _did(31, "assign", "dana"),
        _did(35, "reply", "dana", "Gracias por escribir. No tienes que dar tu nombre. Hay comida gratis en la oficina "
             "de consejería, salón 12, sin preguntas."),
    )),
    Story(1, (15, 26), "lincoln", "+17205550140", (
        _text(0, "someone wrote that theyre gonna shoot up the school on friday on the wall by room 214"),
        _did(1, "answer", "marcus"),
        _did(2, "assign", "riley"),
        _did(3, "reply", "marcus", "Thank you. Officers are looking at it now. Did you see who wrote it, or when?"),
        _text(8, "no it was there this morning before 1st period"),
        _did(9, "move", "marcus", to="in_progress", why="started"),
        _did(75, "note", "riley", "Photographed and removed. Reviewing the hallway camera from 6:30 to 7:40."),
    )),
    Story(1, (17, 58), "cedar", "+17205550141", (
        _text(0, "a man in a white van was asking kids to get in by the bus stop on oak street"),
        _did(2, "answer", "riley"),
        _did(5, "note", "riley", "City police told. A car is at the stop for dismissal."),
    )),
    Story(1, (22, 9), "lincoln", "+17205550142", (
        _text(0, "the seniors took all the parking spots again"),
    )),
    Story(1, (22, 40), "cedar", "+17205550143", (
        _text(0, "a kid in my grade gets called names about where hes from every day and the teacher does nothing"),
    )),
)  # fmt: skip
