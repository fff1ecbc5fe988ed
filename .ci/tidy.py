"""Check what no linter checks: sizes of files and functions, traces of one machine, tests that assert nothing."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 60
MAX_BYTES = 3_000_000  # larger files are data

# Data, generated files and texts whose length is not ours to choose.
UNLIMITED = {".lock", ".json", ".jsonl", ".csv", ".svg", ".graphql", ".po"}
UNLIMITED_NAMES = {"LICENSE"}

MACHINE_PATH = re.compile(r"(^|[^\w.:/])/(work|farm|root|home|Users|workspace)/\w")
REGISTRY = re.compile(
    r"""^\s*(--(extra-)?index-url|--find-links|source = \{ registry)\b|"resolved":\s*"(https?|file):"""
)
ASSERTING = ("assert", "expect", "check", "raises", "warns")


def main() -> int:
    """Print every finding as `file:line: what`; the exit code says whether there was one."""
    findings = [finding for path in tracked_files() for finding in inspect(path)]
    print("\n".join(findings) or "Tidy.")
    return 1 if findings else 0


def tracked_files() -> Iterator[Path]:
    """Yield what git tracks or would track, so that a new file is judged before its first commit."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        capture_output=True,
        text=True,
        check=True,
    )
    for name in sorted(filter(None, listing.stdout.split("\0"))):
        path = Path(name)
        if path.is_file() and path.stat().st_size <= MAX_BYTES:
            yield path


def inspect(path: Path) -> Iterator[str]:
    """Yield the findings in one file; binary files have none."""
    try:
        text = path.read_text("utf-8")
    except UnicodeDecodeError:
        return
    lines = text.splitlines()
    if len(lines) > MAX_FILE_LINES and path.suffix not in UNLIMITED and path.name not in UNLIMITED_NAMES:
        yield f"{path}: {len(lines)} lines, above {MAX_FILE_LINES}: is it two files?"
    for number, line in enumerate(lines, 1):
        if MACHINE_PATH.search(line):
            yield f"{path}:{number}: a path of one machine"
        if REGISTRY.search(line):
            yield f"{path}:{number}: a package registry's address"
    if path.suffix == ".py":
        yield from inspect_functions(path, ast.parse(text, filename=str(path)))


def inspect_functions(path: Path, tree: ast.Module) -> Iterator[str]:
    """Yield functions that are too long and tests that seem to assert nothing."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        length = (node.end_lineno or node.lineno) - node.lineno
        if length > MAX_FUNCTION_LINES:
            yield f"{path}:{node.lineno}: {node.name}() has {length} lines, above {MAX_FUNCTION_LINES}"
        if path.parts[0] == "tests" and node.name.startswith("test_") and not asserts(node):
            yield f"{path}:{node.lineno}: {node.name}() seems to assert nothing"


def asserts(function: ast.AST) -> bool:
    """Say whether anything in the function asserts, expects, checks or awaits an exception."""
    return any(
        isinstance(node, ast.Assert)
        or (isinstance(node, ast.Attribute) and node.attr.startswith(ASSERTING))
        or (isinstance(node, ast.Name) and node.id.startswith(ASSERTING))
        for node in ast.walk(function)
    )


if __name__ == "__main__":
    sys.exit(main())
