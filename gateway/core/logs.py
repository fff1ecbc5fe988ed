"""Logs: one JSON object a line on stderr, made of fixed sentences, ids and codes.

An exception is logged as its class and the places it passed, never as its text: texts may quote what they choked on.
Libraries that log requests or bodies are silenced.
"""

from __future__ import annotations

import json
import logging
import sys
import threading
import traceback
from pathlib import Path
from types import TracebackType
from typing import Any

import structlog

_MUTE = (
    "twilio.http_client",
    "uvicorn.access",
    "urllib3",
    "httpx",
    "httpcore",
    "strawberry.execution",
    "rq.worker",
    "rq",
)


def setup(process: str, level: str) -> None:
    """Set up logging for one process."""
    shared: list[Any] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
        _shorten_exception,
    ]
    structlog.configure(
        processors=[structlog.contextvars.merge_contextvars, *shared, structlog.processors.JSONRenderer()],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    structlog.contextvars.bind_contextvars(process=process)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Plain())
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    for name in _MUTE:
        muted = logging.getLogger(name)
        muted.setLevel(logging.ERROR)
        muted.handlers = []


def catch_all() -> None:
    """Log what nobody caught like any other error: Python itself would print its text, and that may quote anything."""

    def of_process(_kind: type[BaseException], error: BaseException, _trace: TracebackType | None) -> None:
        if not isinstance(error, KeyboardInterrupt):
            log().critical("the process ended by an error", error=error)

    def of_thread(args: threading.ExceptHookArgs) -> None:
        log().critical("a thread ended by an error", error=args.exc_value)

    sys.excepthook = of_process
    threading.excepthook = of_thread
    sys.unraisablehook = lambda args: log().error("an error that nobody could be told of", error=args.exc_value)
    logging.captureWarnings(capture=True)


def log() -> Any:
    """Hand out the house's logger: `log().info("fixed sentence", code="…")`."""
    return structlog.get_logger()


def places(error: BaseException) -> str:
    """Describe an exception by its classes and the places it passed, without its text."""
    frames = traceback.extract_tb(error.__traceback__)[-4:]
    path = " > ".join(f"{Path(frame.filename).name}:{frame.lineno}" for frame in frames)
    cause = f" from {type(error.__cause__).__name__}" if error.__cause__ else ""
    return f"{type(error).__name__}{cause} at {path}"


def _shorten_exception(_logger: object, _method: str, event: dict[str, Any]) -> dict[str, Any]:
    error = event.pop("error", None)
    if isinstance(error, BaseException):
        event["error"] = places(error)
    elif error is not None:
        event["error"] = error
    return event


class Plain(logging.Formatter):
    """What libraries log: their name, level and exception class. Their sentences may quote data, so they stay out."""

    def format(self, record: logging.LogRecord) -> str:
        """Write one line without the library's own text."""
        error = record.exc_info[1] if record.exc_info else None
        shown = places(error) if error else "-"
        entry = {"level": record.levelname.lower(), "library": record.name, "line": record.lineno, "error": shown}
        return json.dumps(entry)
