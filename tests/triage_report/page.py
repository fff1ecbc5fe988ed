"""The page: everything that was measured, in one file that asks nobody for anything."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from tests.triage_report import draw, metrics
from tests.triage_report.metrics import Rate
from triage.model import Severity


def render(found: Mapping[str, Any]) -> str:
    """Write what `measure.everything` found as HTML."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    environment.filters |= {"percent": percent, "verdict": _verdict, "highlighted": highlighted}
    whole = rates(found["figures"])
    languages = {name: rates(row) for name, row in found["groups"]["language"].items()}
    return environment.get_template("page.html").render(
        found=found,
        targets=metrics.TARGETS,
        macro=metrics.MACRO_F1,
        rates=whole,
        behind=behind(languages),
        plots={name: _plots(name, groups) for name, groups in found["groups"].items()},
        confusion=draw.table("confusion of severities", [one.value for one in Severity], found["confusion"]),
        robust={name: _robust(whole, rates(row)) for name, row in found["disturbances"].items()},
        fair={name: _fair(row) for name, row in found["dialects"].items()},
        layers={name: {way: rates(row) for way, row in ways.items()} for name, ways in found["ablations"].items()},
        memory={name: rates(row) for name, row in found["memory"].items()},
        calibration=draw.calibration("calibration", (found["statistics"] or {}).get("calibration", {})),
        lists={
            "Missed": found["misses"],
            "False pages": found["false_pages"],
            "Twins on the wrong side": found["pairs_wrong"],
        },
    )


def rates(figures: Mapping[str, Sequence[int]]) -> dict[str, Rate]:
    """Turn [hits, of] into rates."""
    return {name: Rate(hits, of) for name, (hits, of) in figures.items()}


def behind(languages: Mapping[str, Mapping[str, Rate]]) -> float:
    """Return by how many points Spanish recall is behind English; 0 where one is not there."""
    if not {"en", "es"} <= languages.keys():
        return 0.0
    return round(100 * (languages["en"]["recall"].share - languages["es"]["recall"].share), 1)


def percent(share: float) -> str:
    """Write a share from 0 to 1 as per cent."""
    return f"{100 * share:.1f} %"


def _verdict(met: bool) -> Markup:
    return Markup('<span class="{}">{}</span>').format(*(("yes", "met") if met else ("no", "not met")))


def _plots(name: str, groups: Mapping[str, Mapping[str, Sequence[int]]]) -> dict[str, Markup]:
    return {
        figure: draw.dots(
            f"{metrics.TARGETS[figure].label}, by {name}",
            {group: rates(row)[figure] for group, row in groups.items()},
            metrics.TARGETS[figure],
        )
        for figure in ("recall", "false_pages")
    }


def _robust(whole: Mapping[str, Rate], row: Mapping[str, Rate]) -> dict[str, object]:
    return {
        **row,
        "lost": round(100 * (whole["recall"].share - row["recall"].share), 1),
        "added": round(100 * (row["false_pages"].share - whole["false_pages"].share), 1),
    }


def _fair(row: Mapping[str, Mapping[str, Sequence[int]]]) -> dict[str, object]:
    plain, marked = rates(row["plain"]), rates(row["marked"])
    before, after = plain["false_pages"].share, marked["false_pages"].share
    return {"plain": plain, "marked": marked, "ratio": after / before if before else None}


def highlighted(one: Mapping[str, Any]) -> Markup:
    """Write a tip's text with the engine's spans marked and named; of overlapping ones the first is drawn."""
    text, out, place = one["text"], Markup(), 0
    for name, start, end in sorted(one["spans"], key=lambda span: (span[1], -span[2])):
        if start >= place:
            out += escape(text[place:start])
            out += Markup("<mark>{}<small>{}</small></mark>").format(text[start:end], name)
            place = end
    return out + escape(text[place:])
