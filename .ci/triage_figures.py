"""Print how often triage pages on public data: `triage_figures.py FILE.csv...`, columns `text` and maybe `lang`."""

import csv
import sys
import time
from collections import defaultdict
from pathlib import Path
from statistics import quantiles

from triage import engine

Row = tuple[str, str]  # group (file and language), text


def main(paths: list[str]) -> None:
    """Print one line of figures for each file and language."""
    groups: dict[str, list[str]] = defaultdict(list)
    for group, text in (row for path in paths for row in read(Path(path))):
        groups[group].append(text)
    print(f"{'':32}{'messages':>9}{'pages':>9}{'unsure':>9}{'p50 ms':>9}{'p95 ms':>9}")
    for group, texts in sorted(groups.items()):
        print(f"{group:32}{measure(texts)}")


def read(path: Path) -> list[Row]:
    """Read a file's messages; their group is the file's name and their language, where it has one."""
    with path.open(encoding="utf-8", newline="") as lines:
        return [(f"{path.stem} {row.get('lang') or ''}".strip(), row["text"]) for row in csv.DictReader(lines)]


def measure(texts: list[str]) -> str:
    """Assess each message; give counts, shares in per cent and milliseconds a message."""
    pages = unsure = 0
    taken = []
    for text in texts:
        start = time.perf_counter()
        found = engine.assess(text)
        taken.append((time.perf_counter() - start) * 1000)
        pages += found.life_safety
        unsure += found.unsure
    cuts = quantiles(taken, n=100) if len(taken) > 1 else taken * 100
    share = 100 / len(texts)
    return f"{len(texts):>9}{pages * share:>8.1f}%{unsure * share:>8.1f}%{cuts[49]:>9.2f}{cuts[94]:>9.2f}"


if __name__ == "__main__":
    main(sys.argv[1:])
