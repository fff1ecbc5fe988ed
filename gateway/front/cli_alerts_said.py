"""What can be said to `tipline alerts`; `cli_alerts` knows what it does."""

from __future__ import annotations

import argparse

from gateway.front.cli_parser import Parser


def add(commands: argparse._SubParsersAction[Parser]) -> None:
    """Add the command and what stands below it."""
    alerts = commands.add_parser(
        "alerts",
        help="how a district warns: signing, approval, feed, where alerts go",
        description="Show how each district warns, where its schools are, and where alerts go. Alerts themselves are "
        "drafted at the console, or in GraphQL with a token (scope alerts:write); people approve them at the console.",
    ).command("cli_alerts:show")
    alerts.json()
    kinds = alerts.add_subparsers(metavar="key|set|area|add|remove", parser_class=Parser)
    _add_key(kinds)
    _add_set(kinds)
    _add_area(kinds)
    add_one = kinds.add_parser(
        "add", description="Have a district's alerts sent to a server or an e-mail address. A server's secret is "
        "printed once; for a new one remove the server and add it again, which gives up what is on its way there. "
        "Servers must be public, or be named in TIPLINE_ALLOWED_HOSTS.",
    ).command("cli_alerts:add")  # fmt: skip
    add_one.add_argument(
        "--status", action="append", metavar="STATUS", help="which to send; all but Draft when left out; repeatable"
    )
    remove = kinds.add_parser("remove", description="Send no more alerts there.").command("cli_alerts:remove")
    for one in (add_one, remove):
        one.add_argument("district", metavar="DISTRICT", help="its short name")
        one.add_argument("address", metavar="ADDRESS", help="https://… or an e-mail address")
        one.json()


def _add_key(kinds: argparse._SubParsersAction[Parser]) -> None:
    key = kinds.add_parser(
        "key",
        description="Make the key and certificate that sign alerts, or take a pair that an authority made. When there "
        "is one already, the new one is prepared: `tipline keys rotate cap --finish` then signs with it.",
    ).command("cli_alerts:key")
    key.add_argument("--name", metavar="NAME", help="who signs, as receivers see it")
    key.add_argument("--days", type=int, default=825, help="how long the certificate holds (825)")
    key.add_argument("--key", metavar="FILE", help="a private key (RSA, PEM) made elsewhere")
    key.add_argument("--certificate", metavar="FILE", help="its certificate")
    key.json()


def _add_set(kinds: argparse._SubParsersAction[Parser]) -> None:
    change = kinds.add_parser("set", description="Change how a district warns.").command("cli_alerts:change")
    change.add_argument("district", metavar="DISTRICT", help="its short name")
    change.add_argument("--sender", metavar="NAME", help="CAP's sender, e.g. alerts@district7.example")
    yes_no = argparse.BooleanOptionalAction
    change.add_argument("--second-person", action=yes_no, help="somebody else must approve each alert")
    change.add_argument("--ipaws", action=yes_no, help="keep to the IPAWS profile; we never post there")
    change.add_argument("--folder", action=yes_no, help="put each alert into TIPLINE_ALERTS_DIR as a file")
    change.add_argument(
        "--feed", choices=("off", "public", "token"), help="who reads the Atom feed; `token` prints a new link"
    )
    change.json()


def _add_area(kinds: argparse._SubParsersAction[Parser]) -> None:
    area = kinds.add_parser(
        "area", description="Say where a school is; its alerts begin with that, in place of all that was said before."
    ).command("cli_alerts:area")
    area.add_argument("school", metavar="DISTRICT/SCHOOL")
    area.add_argument("--description", metavar="TEXT", help="in words; the school's name when left out")
    area.add_argument(
        "--polygon",
        metavar="PAIRS",
        help="'lat,lon lat,lon …', the first again at the end",
        action="append",
        default=[],
    )
    area.add_argument(
        "--circle", metavar="CIRCLE", help="'lat,lon radius', the radius in km", action="append", default=[]
    )
    area.add_argument("--geocode", metavar="NAME=VALUE", help="e.g. SAME=008059", action="append", default=[])
    area.json()
