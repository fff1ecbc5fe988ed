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
        """Let it answer in JSON too."""
        self.add_argument("--json", action="store_true", help="answer in JSON")
        return self
