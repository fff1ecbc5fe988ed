"""The parser of the command line, which each command's words are added to."""

from __future__ import annotations

import argparse


class Parser(argparse.ArgumentParser):
    """One command: `work` is `module:function`, its description the function's own account of itself."""

    def command(self, work: str) -> Parser:
        """Say what this command does."""
        self.set_defaults(work=work, parser=self)
        return self

    def json(self) -> Parser:
        """Let it answer in JSON too; asked for before or after the name of what stands below it."""
        self.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help="answer in JSON")
        return self
