"""Tables of what was measured, as text."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

RATIO, PAGE_MS, BURST_MS, IDLE_MB, AT_ONCE_MS, EVENTS = 0.6, 1000.0, 3000.0, 700.0, 1000.0, 300.0
"""What is required."""


def table(found: Mapping[str, Any]) -> str:
    """Write everything that was measured, one block a piece."""
    machine = found["machine"]
    before, after = machine["load_before"][0], machine["load_after"][0]
    blocks = [f"{machine['processors']} processors; load (1 minute) {before:.1f} before, {after:.1f} after"]
    if "parts" in found:
        rows = [(row["name"], row["p50_us"], row["p95_us"], row["times_reference"]) for row in found["parts"]]
        blocks.append(_block(("part", "p50 us", "p95 us", "x reference"), rows))
    for kind in ("sqlite", "postgresql"):
        pieces = found.get(kind, {})
        blocks += [_PIECES[name](kind, pieces[name]) for name in _PIECES if name in pieces]
    return "\n\n".join(blocks)


def _accept(kind: str, piece: Mapping[str, Any]) -> str:
    required = f"required {RATIO} ({_verdict(piece['ratio'] >= RATIO)})"
    return _beside(f"{kind}: POST /sms/inbound", "texts", piece, required)


def _portal(kind: str, piece: Mapping[str, Any]) -> str:
    crowd = piece["at_once"]
    met = crowd["p99_ms"] <= AT_ONCE_MS and not crowd["lost"]
    return _beside(f"{kind}: POST of a report", "reports", piece, "of texts at the floor") + (
        f"\n{crowd['people']} at once, {crowd['times']} times: p50 {crowd['p50_ms']}, p99 {crowd['p99_ms']}, slowest "
        f"{crowd['slowest_ms']} ms, {crowd['lost']} lost; required p99 <= {AT_ONCE_MS:.0f} ms ({_verdict(met)})"
    )


def _beside(title: str, what: str, piece: Mapping[str, Any], required: str) -> str:
    rows = [
        (name, one["texts_per_second"], one["p50_ms"], one["p99_ms"], one["cpu_us"])
        for name, one in (("ours", piece["ours"]), ("floor", piece["floor"]))
    ]
    head = (title, f"{what}/s", "p50 ms", "p99 ms", "CPU us each")
    ratios = " ".join(f"{one:.2f}" for one in piece["ratios"])
    return _block(head, rows) + f"\nratio {piece['ratio']:.2f}, {required}; rounds {ratios}"


def _paging(kind: str, piece: Mapping[str, Any]) -> str:
    rows, notes = [], []
    for name in ("steady", "burst"):
        run = piece[name]
        for urgency in ("critical", "high"):
            one = run[urgency]
            values = (one["texts"], one["unpaged"], one["p50_ms"], one["p99_ms"], one["slowest_after_ms"])
            rows.append((f"{name}, {urgency} of {run['texts']} at {run['texts_per_second']}/s", *values))
        used = ", ".join(f"{process} {ms}" for process, ms in run["cpu_ms"].items() if ms >= 0.1)
        stages = ", ".join(f"{stage} {ms}" for stage, ms in run["stages_ms"].items())
        notes.append(f"{name}: median ms of each stage of critical ones: {stages}")
        notes.append(
            f"{name}: webhook p50 {run['accept_p50_ms']}, p99 {run['accept_p99_ms']} ms; CPU ms a text: {used}"
        )
    steady, burst = piece["steady"]["critical"], piece["burst"]["critical"]
    met = steady["p99_ms"] <= PAGE_MS and not steady["unpaged"], burst["slowest_after_ms"] <= BURST_MS
    notes.append(
        f"required: steady p99 <= {PAGE_MS:.0f} ms ({_verdict(met[0])}), every critical one of the burst within "
        f"{BURST_MS:.0f} ms of its answer ({_verdict(met[1] and not burst['unpaged'])})"
    )
    head = (f"{kind}: webhook to page", "texts", "unpaged", "p50 ms", "p99 ms", "slowest after answer")
    return "\n".join([_block(head, rows), *notes, "", _memory(kind, piece)])


def _memory(kind: str, piece: Mapping[str, Any]) -> str:
    used = {one["process"]: one for one in piece["memory_used"]}
    rows = [
        (one["process"], one["uss_mb"], one["pss_mb"], one["rss_mb"], used.get(one["process"], one)["pss_mb"])
        for one in piece["memory_idle"]
    ]
    idle, busy = (sum(one["pss_mb"] for one in piece[name]) for name in ("memory_idle", "memory_used"))
    rows.append(("all", "", round(idle, 1), "", round(busy, 1)))
    if "postgresql_mb" in piece:
        rows.append(("(PostgreSQL)", "", "", "", piece["postgresql_mb"]))
    head = (f"{kind}: memory, MB", "USS idle", "PSS idle", "RSS idle", "PSS in use")
    return _block(head, rows) + f"\nrequired: idle <= {IDLE_MB:.0f} MB ({_verdict(idle <= IDLE_MB)})"


def _growth(kind: str, rows: Sequence[Mapping[str, Any]]) -> str:
    sizes = sorted({row["cases"] for row in rows})
    acts = list(dict.fromkeys(row["act"] for row in rows))
    known = {(row["act"], row["cases"]): row["ms"] for row in rows}
    head = (f"{kind}: ms among so many cases", *(f"{size:,}" for size in sizes))
    return _block(head, [(act, *(known[act, size] for size in sizes)) for act in acts])


def _events(kind: str, rows: Sequence[Mapping[str, Any]]) -> str:
    slowest = min(row["events_per_second"] for row in rows)
    head = (f"{kind}: log to a local receiver's 204", "events", "seconds", "events/s")
    table = _block(head, [(row["mode"], row["events"], row["seconds"], row["events_per_second"]) for row in rows])
    return f"{table}\nrequired: every mode >= {EVENTS:.0f} events/s ({_verdict(slowest >= EVENTS)})"


def _block(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    cells = [list(head), *([str(cell) for cell in row] for row in rows)]
    widths = [max(len(row[place]) for row in cells) for place in range(len(head))]
    return "\n".join(
        "  ".join(c.ljust(w) if not n else c.rjust(w) for n, (c, w) in enumerate(zip(row, widths, strict=True)))
        for row in cells
    )


def _verdict(met: bool) -> str:
    return "met" if met else "NOT met"


_PIECES: Mapping[str, Callable[[str, Any], str]] = {
    "accept": _accept,
    "portal": _portal,
    "paging": _paging,
    "events": _events,
    "growth": _growth,
}
