"""Measure triage and write the page: `python -m tests.triage_report [--half test] [--ratchet] ...`."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests import pictures
from tests.conftest import find_chromium
from tests.triage_report import corpus, corpus_card, floors, measure, page, tables
from tests.triage_report.metrics import TARGETS

_ORDINARY = 0.01


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, write the page, keep the figures; 1 where ordinary texting pages too often or a floor is broken."""
    options = _options(arguments)
    at = datetime.now(UTC).isoformat(timespec="minutes")
    public = measure.public(options.public) if options.public and options.public.is_dir() else {}
    failed = _say_public(public)
    if options.only_public:
        return failed
    tips = corpus.read_files(options.tips) if options.tips else corpus.read(options.half)
    if not tips:
        print(f"There are no tips of the {options.half} half here.")
        return 1
    half = options.tips.stem if options.tips else options.half
    found = {**measure.everything(half, tips), "at": at, "public": public}
    options.html.parent.mkdir(parents=True, exist_ok=True)
    options.html.write_text(page.render(found), "utf-8")
    if options.json:
        options.json.write_text(json.dumps(found, indent=1) + "\n", "utf-8")
    if options.picture:
        _take_picture(options.html, options.picture)
    figures = page.rates(found["figures"])
    for name, target in TARGETS.items():
        share = figures[name].share
        print(f"{target.label:55}{page.percent(share):>9}  {'met' if target.met(share) else 'NOT met'}")
    if half == "test":
        print("The test half was LOOKED AT. Whoever changes rules after this has seen it.")
    if half in corpus.HALVES:
        corpus_card.fill()
        filled = tables.fill(tables.keep(found))
        print("Figures kept" + "".join(f"; filled {path.relative_to(corpus.ROOT)}" for path in filled))
    if half == "develop":
        if options.ratchet:
            print("Floors:", floors.tighten(figures))
        failed |= bool(floors.broken(figures, floors.read()))
    print(f"Page: {options.html}")
    return failed


def _say_public(public: dict[str, list[int]]) -> int:
    """Print the pages over public messages; 1 where ordinary texting is above its limit."""
    failed = 0
    for name, (pages, of) in public.items():
        limit = " (wanted: at most 1 %)" if "ordinary" in name else ""
        print(f"public, {name}: {pages} of {of} page, {page.percent(pages / of)}{limit}")
        failed |= bool(limit) and pages / of > _ORDINARY
    return int(failed)


def _take_picture(html: Path, picture: Path) -> None:
    """Photograph the figures and the first plots."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=["--no-sandbox"])
        pictures.open_page(browser, html.resolve().as_uri(), 1060, 1200).screenshot(path=picture)
        browser.close()


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--half", choices=corpus.HALVES, default="develop", help="test: looked at once, at the end")
    parser.add_argument("--tips", type=Path, help="judge this file or folder of tips instead of a half")
    parser.add_argument("--html", type=Path, default=corpus.ROOT / "var" / "triage-report.html")
    parser.add_argument("--json", type=Path, help="where to keep everything that was measured")
    parser.add_argument("--public", type=Path, help="folder of public messages; skipped where it is not there")
    parser.add_argument("--only-public", action="store_true", help="measure public messages and nothing else")
    parser.add_argument("--picture", type=Path, help="take a picture of the top of the page (wants a Chromium)")
    parser.add_argument("--ratchet", action="store_true", help="tighten the floors that CI holds to what was found")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    raise SystemExit(main())
