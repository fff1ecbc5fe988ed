"""No regular expression of triage can take more than linear time: a message of 100 kB must not stop the line."""

import re
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages

import pytest

import triage
from tests.support import expressions

_FOLDER = Path(triage.__file__).parent


@pytest.mark.parametrize(
    "pattern",
    [
        r"(a+)+",
        r"(?:a*b?)*",
        r"(a|aa)+b*\w*\w*",
        r"[\w@]*\w[\w@]*",
        r"\d+\.?\d+",
        r"x*.*y",
        r"(\w+\s?)*$",
        r"a+(?=b)a+",
        r"(a|aa)+",
        r"(?:ab|ac|b)*",
        r"a+b",
    ],
)
def test_checker_refuses_what_backtracks(pattern: str) -> None:
    assert expressions.faults(pattern)


@pytest.mark.parametrize(
    "pattern", [r"[\w@]+", r"(ab)+", r"\d+(st|nd)?", r"a{1,30}b*", r"x|y+", r"(.)\1+", r"(?:a|b)+", r"ab+$"]
)
def test_checker_lets_pass_what_is_linear(pattern: str) -> None:
    assert not expressions.faults(pattern)


def test_triage_has_no_expression_that_backtracks() -> None:
    found = {
        (path.name, line, pattern): expressions.faults(pattern)
        for path in sorted(_FOLDER.rglob("*.py"))
        for line, pattern in expressions.in_source(path)
    }
    assert len(found) >= 10
    assert not {place: why for place, why in found.items() if why}


def test_triage_has_no_compiled_expression_that_backtracks() -> None:
    """Built patterns too, which no literal shows: those that a module keeps."""
    modules = [import_module(one.name) for one in walk_packages(triage.__path__, "triage.")]
    kept = {
        (module.__name__, name): value
        for module in modules
        for name, value in vars(module).items()
        if isinstance(value, re.Pattern)
    }
    assert ("triage.normalize", "_MOJIBAKE") in kept
    assert not {place: why for place, kept_one in kept.items() if (why := expressions.faults(kept_one.pattern))}
