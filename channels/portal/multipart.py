"""Multipart: a form with files, taken apart as it comes. What was typed is kept, bounded; files are handed on at once.

Starlette's own reader spools files in plain; here no byte of one stays. Nor does its name, which can say who took it.
Source: RFC 7578.
"""

from __future__ import annotations

from typing import Protocol

from python_multipart import MultipartParser
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import parse_options_header

from channels.portal.forms import BODY_BYTES, MOST_FIELDS

FILES = "files"
"""The name of the field that brings them."""


class Broken(Exception):
    """What came is no form, or not whole."""


class TooMuchTyped(Exception):
    """More was typed than any form of ours is sent with."""


class Taker(Protocol):
    """Who takes the files of a form, one after the other."""

    def begin(self, *, named: bool) -> None:
        """A file begins; it had a name, or none was chosen."""

    def write(self, content: bytes) -> None:
        """More of it."""

    def end(self) -> None:
        """It is whole."""


class Reading:
    """One form on its way in. It fills `fields` with what was typed; of a field that is there twice the first counts.

    `words_came` says that a file has begun: our pages send all that was typed before.
    """

    def __init__(self, content_type: str, fields: dict[str, str], taker: Taker) -> None:
        """Prepare. Raises: Broken when the header names no boundary."""
        self.fields = fields
        self.words_came = False
        self._taker, self._typed, self._count = taker, 0, 0
        self._header, self._value, self._disposition = b"", b"", b""
        self._name, self._text, self._is_file, self._is_ours = "", bytearray(), False, False
        self._ended = False
        boundary = parse_options_header(content_type)[1].get(b"boundary", b"")
        if not boundary:
            raise Broken
        try:
            self._parser = MultipartParser(
                boundary,
                {
                    "on_part_begin": self._on_part,
                    "on_header_field": self._on_header,
                    "on_header_value": self._on_value,
                    "on_header_end": self._on_header_end,
                    "on_headers_finished": self._on_headers,
                    "on_part_data": self._on_data,
                    "on_part_end": self._on_part_end,
                    "on_end": self._on_end,
                },
            )
        except FormParserError:
            raise Broken from None

    def write(self, content: bytes) -> None:
        """Read on. Raises: Broken, TooMuchTyped, and what the taker raises."""
        try:
            self._parser.write(content)
        except FormParserError:
            raise Broken from None

    def end(self) -> None:
        """Say that no more comes. Raises: Broken when the form has not come to its end."""
        if not self._ended:
            raise Broken

    def _on_part(self) -> None:
        self._disposition, self._text = b"", bytearray()

    def _on_header(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def _on_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _on_header_end(self) -> None:
        if self._header.lower() == b"content-disposition":
            self._disposition = self._value
        self._header = self._value = b""

    def _on_headers(self) -> None:
        options = parse_options_header(self._disposition)[1]
        self._name = options.get(b"name", b"").decode("utf-8", "replace")
        self._is_file = b"filename" in options
        self._is_ours = self._is_file and self._name == FILES
        if self._is_file:
            self.words_came = True
        if self._is_ours:
            self._taker.begin(named=bool(options[b"filename"]))

    def _on_data(self, data: bytes, start: int, end: int) -> None:
        if self._is_ours:
            self._taker.write(data[start:end])
        elif not self._is_file:
            self._typed += end - start
            if self._typed > BODY_BYTES:
                raise TooMuchTyped
            self._text += data[start:end]

    def _on_part_end(self) -> None:
        if self._is_ours:
            self._taker.end()
        elif not self._is_file:
            self._count += 1
            if self._count > MOST_FIELDS:
                raise TooMuchTyped
            self.fields.setdefault(self._name, self._text.decode("utf-8", "replace"))

    def _on_end(self) -> None:
        self._ended = True
