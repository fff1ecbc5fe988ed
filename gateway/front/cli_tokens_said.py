"""What can be said to `tipline token`; `cli_tokens` knows what it does."""

from __future__ import annotations

import argparse

from gateway.front.cli_parser import Parser

_SCOPES = "cases:read, cases:write, alerts:write, events:read, metrics:read or subscriptions:write; may be repeated"


def add(commands: argparse._SubParsersAction[Parser]) -> None:
    """Add the command and what stands below it."""
    token = commands.add_parser(
        "token",
        help="bearer tokens of other systems: make, list, revoke",
        description="Make a bearer token and print it, once: only its hash is kept. It needs --name and --scope.",
    ).command("cli_tokens:make")
    token.add_argument("--name", help="what it is for")
    token.add_argument("--scope", action="append", default=[], help=_SCOPES)
    token.add_argument("--district", metavar="SLUG", help="needed when there are several")
    token.add_argument("--days", type=int, help="how long it is valid; without an end when left out")
    token.json()
    kinds = token.add_subparsers(metavar="list|revoke", parser_class=Parser)
    listing = kinds.add_parser(
        "list", description="List tokens with what they may do and until when; those that have ended too."
    ).command("cli_tokens:listing")
    # What is left out here may have been said before `list`.
    listing.add_argument("--district", metavar="SLUG", default=argparse.SUPPRESS, help="those of a district")
    listing.json()
    revoke = kinds.add_parser(
        "revoke", description="End a token: the next request that shows it is refused."
    ).command("cli_tokens:revoke")  # fmt: skip
    revoke.add_argument("token", metavar="ID", help="as `tipline token list` shows it; never the token itself")
    revoke.json()
