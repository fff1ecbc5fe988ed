"""Findings: what is wrong with an alert, and in which element. No finding repeats what somebody wrote."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from gateway.core.errors import BadInput


@dataclass(frozen=True, slots=True)
class Finding:
    """One broken rule.

    `path` is the element, counted from 1 where it may repeat, as in `info[1]/area[2]/polygon[1]`; `code` is stable and
    machine-readable; `says` goes on where the element's name ends. An `advice` is a SHOULD, or a trap: it may leave.
    """

    path: str
    code: str
    says: str
    advice: bool = False

    @property
    def element(self) -> str:
        """The element's bare name, as `polygon`."""
        return self.path.rsplit("/", 1)[-1].split("[", 1)[0]

    @property
    def message(self) -> str:
        """The whole sentence, which names the element."""
        return f"{self.path} {self.says}"


class Refused(BadInput):
    """An alert breaks a rule: nothing is written, signed or sent. `findings` are its errors."""

    code = "alert_refused"

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings = tuple(findings)
        super().__init__(" ".join(f"{finding.message}." for finding in self.findings))


class Unreadable(Refused):
    """A document, or a part of one that somebody typed, is not what CAP 1.2 has there."""

    code = "alert_unreadable"

    def __init__(self, path: str, code: str, says: str) -> None:
        super().__init__([Finding(path, code, says)])

    @property
    def finding(self) -> Finding:
        """The one thing that stopped the reading."""
        return self.findings[0]

    def at(self, path: str) -> Unreadable:
        """Say the same of an element whose whole path is known only further out."""
        return Unreadable(path, self.finding.code, self.finding.says)


def refuse(findings: Iterable[Finding]) -> None:
    """Raise `Refused` when one of some findings is an error; advice passes."""
    errors = [finding for finding in findings if not finding.advice]
    if errors:
        raise Refused(errors)


def below(path: str, name: str, number: int | None = None) -> str:
    """Name an element below another; `number` counts from 1 where it may repeat."""
    step = name if number is None else f"{name}[{number}]"
    return f"{path}/{step}" if path else step
