"""The `tipline` command: arguments in, one clear sentence out when something is wrong.

It knows what can be said; the `cli_*` modules know what it does, and only the one that is needed is loaded.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from importlib import import_module

from gateway.core.errors import TiplineError, Unavailable
from gateway.front import cli_alerts_said, cli_tokens_said
from gateway.front.cli_parser import Parser as _Parser
from gateway.front.places import NAMES, Var, locate


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the answer is the exit code: 0 well, 1 a fault was found, 2 it could not be done."""
    options, unknown = parser().parse_known_args(arguments)
    if unknown:  # With the usage of the command itself: it shows how to say it.
        options.parser.error(f"unrecognized arguments: {' '.join(unknown)}")
    module, function = options.work.split(":")
    var = locate(os.environ)
    try:
        work = getattr(import_module(f"gateway.front.{module}"), function)
        code = int(work(options, var, dict(os.environ)))
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read our output has enough; Python must not complain when it closes it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return 130
    except TiplineError as error:
        print(f"tipline: {error.public}{_where(error, var)}", file=sys.stderr)
        return 2
    return code


def _where(error: TiplineError, var: Var) -> str:
    if not isinstance(error, Unavailable):
        return ""
    from gateway.core.database import AWAY  # noqa: PLC0415 - no command that goes well needs what is loaded here
    from gateway.front import environment  # noqa: PLC0415

    return environment.looked_for(var, os.environ) if error.public == AWAY else ""


def parser() -> argparse.ArgumentParser:
    """Make the parser of the whole command line."""
    top = _Parser(
        prog="tipline",
        description="An anonymous tip line for schools.",
        epilog="All it keeps lies under var/, or where TIPLINE_VAR says. Exit codes: 0 well, 1 a fault, 2 could not.",
    )
    top.set_defaults(json=False)
    commands = top.add_subparsers(title="commands", required=True, metavar="COMMAND", parser_class=_Parser)
    _add_running(commands)
    _add_asking(commands)
    _add_keys(commands)
    _add_backups(commands)
    _add_retention(commands)
    _add_portal(commands)
    cli_alerts_said.add(commands)
    _add_events(commands)
    cli_tokens_said.add(commands)
    _add_making(commands)
    _add_exporting(commands)
    _add_sources(commands)
    return top


def _add_running(commands: argparse._SubParsersAction[_Parser]) -> None:
    commands.add_parser(
        "up",
        help="run every process and restart what dies",
        description="Run every process under a supervisor, each with its own settings from var/env/NAME.env and its "
        "own keys. Valkey is embedded when REDIS_URL is not set. Ctrl-C stops everything.",
    ).command("cli_run:up")
    demo = commands.add_parser(
        "demo",
        help="set up a demo district and run everything",
        description="Set up a made-up district with a stand-in for the phone company, and run everything. A second "
        "start keeps the data. Settings of real systems in your environment are left aside. Ctrl-C stops it.",
    ).command("cli_run:demo")
    demo.add_argument("--database-url", help="a PostgreSQL database, in place of the file under var/")
    one = commands.add_parser(
        "run",
        help="run one process in the foreground",
        description="Run one process in the foreground. It reads var/env/NAME.env when there is one; real environment "
        "variables win. It refuses to start with a key or a secret that is not its to have.",
    ).command("cli_run:run")
    one.add_argument("name", choices=NAMES)


def _add_asking(commands: argparse._SubParsersAction[_Parser]) -> None:
    text = commands.add_parser(
        "text",
        help="text a line, signed as Twilio would",
        description="Post a text to the intake, signed as Twilio would, and print its reference (the MessageSid).",
    ).command("cli_ask:text")
    text.add_argument("words", help="what to text")
    text.add_argument("--from", dest="sender", required=True, metavar="NUMBER", help="e.g. +13035550123")
    text.add_argument("--to", metavar="NUMBER", help="one of our lines; the first for reports when left out")
    text.add_argument("--sid", help="a MessageSid of your own, to repeat a message")
    text.json()
    trace = commands.add_parser(
        "trace",
        help="show the hops of one tip and their times",
        description="Show every hop of one tip and the time each took: ids and codes, never words or numbers.",
    ).command("cli_ask:trace")
    trace.add_argument("reference", help="a MessageSid, a message id or a case number")
    trace.json()
    assess = commands.add_parser(
        "assess",
        help="judge texts: JSON lines in, JSON lines out; or replay past tips",
        description='Judge texts: reads JSON lines {"id", "text"}, writes one for each, in order, as they come. With '
        "--replay: judge a district's past tips with and without a pack, as the console may, and show what changes; "
        "exit code 1 when somebody would not be called any more.",
    ).command("cli_assess:assess")
    assess.add_argument("--replay", metavar="DISTRICT", help="judge the past tips of this district; no words are shown")
    assess.add_argument("--pack", metavar="FILE", help="a pack that is not in force yet; the one in force if left out")
    tune = commands.add_parser(
        "tune",
        help="a district's own words: places, gangs, drugs, codes, what is muted",
        description="Write a pack down as the district's new version, in force at once. Without FILE: show the one in "
        "force. It works as the console does, with its keys and its database role.",
    ).command("cli_tune:tune")
    tune.add_argument("district", metavar="DISTRICT", help="its short name")
    tune.add_argument("file", nargs="?", metavar="FILE", help="YAML; the decision 0031 shows one")
    how = tune.add_mutually_exclusive_group()
    how.add_argument("--show", action="store_true", help="show the pack in force, and who wrote which version")
    how.add_argument("--check", action="store_true", help="only check the file; neither keys nor a database are needed")
    tune.json()
    audit = commands.add_parser("audit", help="verify the event log", description="Verify the event log.")
    verify = (
        audit.add_subparsers(required=True, metavar="verify", parser_class=_Parser)
        .add_parser(
            "verify",
            description="Check the event log against its seals and against the heads that were anchored outside, and "
            "say where it was edited, reordered, added to or cut. Exit code 1 when it was.",
        )
        .command("cli_audit:verify")
    )
    verify.add_argument("--anchors", metavar="FILE", help="signed heads, JSON lines; TIPLINE_ANCHOR_FILE when left out")
    verify.json()
    commands.add_parser(
        "doctor",
        help="check everything and say what to do",
        description="Check keys, database, Valkey, Twilio and clock, and say in plain words what to do. Exit code 1 on "
        "a fault.",
    ).command("cli_ask:doctor").json()


def _add_keys(commands: argparse._SubParsersAction[_Parser]) -> None:
    keys = commands.add_parser(
        "keys",
        help="make, list, rotate, escrow and recover keys",
        description="Make keys, list them, put new ones in their place, and keep them from being lost.",
    )
    kinds = keys.add_subparsers(required=True, metavar="init|list|rotate|escrow|recover", parser_class=_Parser)
    init = kinds.add_parser(
        "init",
        description="Make every key that is missing, for each district and two years ahead. What is there stays; when "
        "a private key is lost, none is made.",
    ).command("cli_keys:init")
    init.add_argument("--give-up-lost", action="store_true", help="make new keys in place of lost ones all the same")
    init.json()
    kinds.add_parser(
        "list", description="List the key files of each process by name and key id; no key material is shown."
    ).command("cli_keys:show").json()
    rotate = kinds.add_parser(
        "rotate",
        description="Put new keys in the place of those in use. Processes take them up by themselves and renew in the "
        "background what the old ones hold. --finish deletes the old ones once nothing needs them.",
    ).command("cli_keys:rotate")
    rotate.add_argument("kind", choices=("identity", "outbound", "delivery", "index", "content", "log", "cap"))
    rotate.add_argument("--district", metavar="SLUG", help="content keys of this district alone")
    rotate.add_argument("--month", metavar="YYYY-MM", help="content keys of this month alone")
    rotate.add_argument("--finish", action="store_true", help="delete replaced keys that nothing needs any more")
    rotate.json()
    escrow = kinds.add_parser(
        "escrow",
        description="Write an encrypted archive of all keys, and shares that open it, a file for each holder. Fewer "
        "shares than are needed tell nothing.",
    ).command("cli_keys:make_escrow")
    escrow.add_argument("--shares", type=int, default=5, help="how many shares to make, up to 16 (5)")
    escrow.add_argument("--needed", type=int, default=3, help="how many of them open the archive (3)")
    escrow.add_argument("--out", metavar="DIR", required=True, help="a new or empty folder")
    escrow.json()
    recover = kinds.add_parser(
        "recover",
        description="Write the keys of an archive into an empty TIPLINE_KEYS_DIR; other keys are never overwritten.",
    ).command("cli_keys:recover")
    recover.add_argument("--archive", metavar="FILE", required=True)
    recover.add_argument(
        "--share", metavar="FILE", action="append", default=[], help="a file with a share; once for each"
    )
    recover.add_argument("--check", action="store_true", help="only prove archive and shares; nothing is written")
    recover.json()


def _add_backups(commands: argparse._SubParsersAction[_Parser]) -> None:
    backup = commands.add_parser(
        "backup",
        help="write a sealed backup, or make its key",
        description="Write everything the database holds, as of one moment, and the files of attachments into one file "
        "that only the private key of backups opens. Processes work on meanwhile. It holds no private key: those have "
        "`tipline keys escrow`. Exit code 1 when files of attachments are missing.",
    ).command("cli_backup:backup")
    backup.add_argument("--out", metavar="PATH", help="a new file, or a folder to put one into")
    backup.add_argument("--to", metavar="FILE", help="the public key to seal to; backup.pub of TIPLINE_KEYS_DIR")
    backup.add_argument("--keep", type=int, metavar="N", help="delete all but the newest N backups in the folder")
    backup.add_argument("--without-files", action="store_true", help="files of attachments are copied by other means")
    backup.json()
    key = (
        backup.add_subparsers(metavar="key", parser_class=_Parser)
        .add_parser(
            "key",
            description="Make the key of backups. The server keeps the public half; take the private half off it.",
        )
        .command("cli_backup:key")
    )
    key.add_argument("--out", metavar="FILE", default=argparse.SUPPRESS, help="where to write the private half")
    key.json()
    restore = commands.add_parser(
        "restore",
        help="put a backup into an empty database, or prove it",
        description="Put a backup into an empty database, of either kind, in one transaction, and verify its event "
        "log. Exit code 1 when that was changed.",
    ).command("cli_backup:restore")
    restore.add_argument("file", help="the backup")
    restore.add_argument("--key", metavar="FILE", required=True, help="the private key of backups")
    restore.add_argument("--check", action="store_true", help="only prove the file; no database is needed")
    restore.json()


def _add_retention(commands: argparse._SubParsersAction[_Parser]) -> None:
    retention = commands.add_parser(
        "retention",
        help="deadlines, and what was destroyed",
        description="Show how long each district keeps what; set that; destroy what is past its deadline; report it.",
    ).command("cli_retention:show")
    retention.json()
    kinds = retention.add_subparsers(metavar="set|run|report", parser_class=_Parser)
    change = kinds.add_parser("set", description="Set a deadline.").command("cli_retention:change")
    change.add_argument("district", metavar="DISTRICT", help="its short name")
    change.add_argument("kind", metavar="KIND", help="cases, no_concern, quarantine, pages or events")
    change.add_argument("duration", metavar="DURATION", help="ISO 8601, such as P3Y or P90D")
    run = kinds.add_parser(
        "run", description="Order the destruction of what is past its deadline; else the clock does so once a day."
    ).command("cli_retention:run")
    run.add_argument("--dry-run", action="store_true", help="only say what would go, as the database's owner")
    run.add_argument("--here", action="store_true", help="do it at once, as the one user who owns every key folder")
    run.json()
    kinds.add_parser(
        "report", description="Report what was destroyed. Exit code 1 when a month's keys could not be."
    ).command("cli_retention:tell").json()
    hold = commands.add_parser(
        "hold", help="keep a case beyond every deadline", description="Keep a case, and all that belongs to it."
    ).command("cli_retention:hold")
    hold.add_argument("--reason-code", required=True, help="litigation, investigation, records_request, audit or other")
    release = commands.add_parser(
        "release", help="end the holds of a case", description="End the holds of a case."
    ).command("cli_retention:release")
    for one in (hold, release):
        one.add_argument("case", metavar="CASE", help="its number")
        one.add_argument("--district", metavar="SLUG", help="needed when several have a case of that number")
    commands.add_parser("holds", help="list held cases", description="List the cases under a hold.").command(
        "cli_retention:held"
    ).json()


def _add_portal(commands: argparse._SubParsersAction[_Parser]) -> None:
    portal = commands.add_parser(
        "portal",
        help="show the schools' links, or change whose numbers stand on their pages",
        description="Show each school's link and who helps right now on its pages. With SLUG: change what is a "
        "district's (`demo`) or a school's (`demo/lincoln`) own; the country's lines stay.",
    ).command("cli_portal:portal")
    portal.add_argument("slug", nargs="?", metavar="SLUG", help="a district, or DISTRICT/SCHOOL; all when left out")
    portal.add_argument(
        "--line",
        action="append",
        metavar="NAME=NUMBER",
        help="whose number to show, in place of all before; repeatable",
    )
    portal.add_argument("--no-lines", action="store_true", help="show no numbers of its own")
    portal.add_argument("--leave-url", metavar="URL", help="where a district's way out leads; '' for the country's")
    much = "hold calm reports about a school aside for a person above so many a minute; 0 for no limit"
    portal.add_argument("--reports-per-minute", type=int, metavar="REPORTS", help=much)
    portal.add_argument(
        "--thread-reports-per-minute", type=int, metavar="REPORTS",
        help="the same, of one conversation, and of all together without a proof of work",
    )  # fmt: skip
    portal.json()


def _add_events(commands: argparse._SubParsersAction[_Parser]) -> None:
    events = commands.add_parser(
        "events", help="the event log as others are sent it; sending again", description="Look after what leaves."
    ).add_subparsers(required=True, metavar="list|catalogue|replay", parser_class=_Parser)
    listing = events.add_parser(
        "list", description="Print events as CloudEvents 1.0, one a line, oldest first, as receivers get them."
    ).command("cli_events:listing")
    listing.add_argument("--since", metavar="TIME", help="e.g. 2026-11-29 or 2026-11-29T08:15:00Z")
    listing.add_argument("--type", action="append", metavar="TYPE", help="as the catalogue names it; repeatable")
    listing.add_argument("--case", metavar="NUMBER", help="all that belongs to one case")
    listing.add_argument("--limit", type=int, default=1000, metavar="EVENTS")
    events.add_parser(
        "catalogue", description="Print every type of event and what it tells; with --json the schema of its data."
    ).command("cli_events:catalogue").json()
    replay = events.add_parser(
        "replay",
        description="Have the worker send events again, in order for each case. Receivers know a repeat by its id.",
    ).command("cli_events:replay")
    replay.add_argument("--since", metavar="TIME", help="everything from then on, also what was before a subscription")
    replay.add_argument("--dead", action="store_true", help="what was given up")
    replay.add_argument("--subscription", metavar="ID", help="one; all when left out")
    replay.add_argument("--district", metavar="SLUG", help="those of a district")


def _add_making(commands: argparse._SubParsersAction[_Parser]) -> None:
    lines = commands.add_parser(
        "lines",
        help="show our numbers, or change what the carrier keeps of one",
        description="Show our numbers. With a number: say whether the carrier's copies of its texts are deleted once "
        "they are safe here, and how often a text of our own proves that the line brings texts.",
    ).command("cli_lines:lines")
    lines.add_argument("number", nargs="?", metavar="NUMBER", help="one of our lines; all when left out")
    lines.add_argument("--delete-at-carrier", action=argparse.BooleanOptionalAction)
    lines.add_argument("--prove-every", type=int, metavar="MINUTES", help="0 for never")
    limited = "calm texts above it are held aside, none is refused; 0 for no limit"
    lines.add_argument("--texts-per-minute", type=int, metavar="TEXTS", help=limited)
    lines.add_argument("--thread-texts-per-minute", type=int, metavar="TEXTS", help="the same, of one conversation")
    lines.json()
    commands.add_parser(
        "migrate",
        help="bring the database's tables up to date",
        description="Bring the database's tables up to date, and the roles' rights in them; safe to run twice at once.",
    ).command("cli_make:migrate")
    database = commands.add_parser(
        "database", help="roles of the processes in PostgreSQL", description="Look after the database itself."
    )
    roles = (
        database.add_subparsers(required=True, metavar="roles", parser_class=_Parser)
        .add_parser(
            "roles",
            description="Print the SQL that makes a PostgreSQL role for each process and grants it what the process "
            "needs and no more; safe to repeat.",
        )
        .command("cli_database:roles")
    )
    roles.add_argument("--apply", action="store_true", help="run it, as the database's owner")
    roles.add_argument("--passwords", action="store_true", help="new passwords, into var/env/NAME.env (mode 0600)")


def _add_exporting(commands: argparse._SubParsersAction[_Parser]) -> None:
    export = commands.add_parser(
        "export",
        help="write a case as a document for another system",
        description="Write a case in the format of another system, as the console does, with the console's own keys. "
        "That it was exported is noted on the case.",
    ).command("cli_export:export")
    export.add_argument("format", metavar="FORMAT", help="niem, cap (its latest alert) or events")
    export.add_argument("case", metavar="CASE", help="its number")
    export.add_argument("--flavour", metavar="NAME", help="of niem: 6.0, or 5.2 with JXDM 7.2")
    export.add_argument("--district", metavar="SLUG", help="needed when several have a case of that number")
    export.add_argument("--out", metavar="FILE", help="a file that its owner alone may read; printed when left out")


def _add_sources(commands: argparse._SubParsersAction[_Parser]) -> None:
    sources = commands.add_parser(
        "sources",
        help="other systems that may tell us things",
        description="List the systems (visitor management, dispatch, …) that may raise concerns as CloudEvents.",
    ).command("cli_sources:show")
    sources.json()
    kinds = sources.add_subparsers(metavar="list|add|remove", parser_class=_Parser)
    kinds.add_parser("list", description="List them.").command("cli_sources:show").json()
    add = kinds.add_parser("add", description="Let a system in. Its token is printed once: only its hash is kept.")
    add.command("cli_sources:add").add_argument("--school", metavar="SLUG", help="which all it tells is about")
    add.add_argument("--public-key", metavar="whpk_…", help="it signs (Standard Webhooks, v1a), and has no token")
    remove = kinds.add_parser("remove", description="Hear it no more.").command("cli_sources:remove")
    for one in (add, remove):
        one.add_argument("district", metavar="DISTRICT", help="its short name")
        one.add_argument("name", metavar="NAME", help="what the system is called, as people on staff read it")
        one.json()


if __name__ == "__main__":
    sys.exit(main())
