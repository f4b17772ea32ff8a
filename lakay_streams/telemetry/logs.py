"""Logs: one compact JSON object a line (runbook 9.6), the project's own and every library's, and no secret in any.

    log = get_logger()
    log.info("consumer_started", topic="trebanx.user.events")

The runbook greps `"event":"..."`, `"level":"error"` and `"user_id":"..."`, so there is no space after a separator.
Lines go to standard error: standard output is for what a command prints.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import traceback
from collections.abc import Callable, MutableMapping
from functools import lru_cache
from typing import Any, TextIO

import orjson
import structlog

from lakay_streams.errors import LakayError

MASK = "**********"

#: Causes of an exception that are told.
_CHAINED = 5

_SECRET_NAME = re.compile(r"(^|_)(password|passwd|secret|token|key|authorization)(_|$)", re.IGNORECASE)
_URL_PASSWORD = re.compile(r"(://[^\s:/@\"]*:)[^\s\"]+@")
_CHATTY = ("faust", "mode", "aiokafka", "kafka", "asyncio", "alembic", "fontTools", "fpdf", "lakay_streams")
"""Loggers whose INFO tells of every service that starts and every rebalance step: heard at DEBUG only.

The project itself logs through structlog; under its name the standard library hears Faust's services.
"""

_LEVELS = (logging.CRITICAL, logging.ERROR, logging.WARNING, logging.INFO, logging.DEBUG)


def configure(
    level: str = "INFO",
    stream: TextIO | None = None,
    *,
    screen: Callable[[object, str, MutableMapping[str, Any]], MutableMapping[str, Any]] | None = None,
    quote: bool = True,
) -> None:
    """Send every log line of this process to `stream` (standard error) as JSON, from `level` upwards.

    `screen` takes personal values out of each line. Without `quote`, a traceback tells of an exception from elsewhere
    its kind and its place, but not its message, which may quote the data that it met.

    Covers structlog, the standard library's logging and Python's warnings. Faust would put its own handlers back:
    start its worker with `override_logging=False`.
    """
    threshold = logging.getLevelNamesMapping()[level]
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info if quote else tell_exception,
            mask_secrets,
            *([screen] if screen is not None else []),
            render,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.WriteLoggerFactory(stream or sys.stderr),
    )
    logging.captureWarnings(True)
    # force: whoever configured logging before would print each line a second time, in another form
    logging.basicConfig(handlers=[_ThroughStructlog()], level=threshold, force=True)
    for name in _CHATTY:
        logging.getLogger(name).setLevel(logging.DEBUG if threshold <= logging.DEBUG else logging.WARNING)


def get_logger() -> structlog.typing.FilteringBoundLogger:
    """A logger; it may be taken before `configure` and follows it."""
    logger: structlog.typing.FilteringBoundLogger = structlog.get_logger()
    return logger


def mask_secrets(_logger: object, _method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Replace the values of fields named like a secret (`api_key`, `token`, `password`, ...), at any depth."""
    for name, value in line.items():
        if _is_secret(name):
            line[name] = MASK
        elif isinstance(value, dict | list | tuple):
            line[name] = _masked(value)
    return line


def _masked(value: Any) -> Any:
    if isinstance(value, dict):
        return mask_secrets(None, "", dict(value))
    return [_masked(each) for each in value] if isinstance(value, list | tuple) else value


def tell_exception(_logger: object, _method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Put the line's exception into words, with messages only where they are this project's or of files and Kafka."""
    given = line.pop("exc_info", None)
    exception = given[1] if isinstance(given, tuple) else given if isinstance(given, BaseException) else sys.exception()
    if given and exception is not None:
        told: list[str] = []
        while exception is not None and len(told) < _CHAINED:
            told.append(_without_data(exception))
            exception = exception.__cause__ or (None if exception.__suppress_context__ else exception.__context__)
        line["exception"] = "\n".join(reversed(told))
    return line


def _without_data(exception: BaseException) -> str:
    kind = type(exception)
    frames = "".join(traceback.format_tb(exception.__traceback__))
    harmless = isinstance(exception, LakayError | OSError) or kind.__module__.startswith(("aiokafka", "kafka"))
    message = str(exception) if harmless else "(its message is not told, since it may quote data; DEBUG=true tells it)"
    return f"Traceback (most recent call last):\n{frames}{kind.__qualname__}: {message}"


@lru_cache(maxsize=1024)
def _is_secret(name: str) -> bool:
    return isinstance(name, str) and _SECRET_NAME.search(name) is not None


def render(_logger: object, _method: str, line: MutableMapping[str, Any]) -> str:
    """The line as JSON; what JSON cannot hold is written as text, and a password in a URL is masked."""
    try:
        text = orjson.dumps(line, default=str, option=orjson.OPT_NON_STR_KEYS).decode()
    except TypeError:  # integers over 64 bits and half surrogates, which only hostile input holds
        text = json.dumps(line, default=str, skipkeys=True, separators=(",", ":"))
    return _URL_PASSWORD.sub(rf"\g<1>{MASK}@", text) if "://" in text else text


class _ThroughStructlog(logging.Handler):
    """Hands the standard library's records to structlog, so that they come out as all lines do."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            level = next(level for level in _LEVELS if record.levelno >= level or level == logging.DEBUG)
            fields = {"exc_info": record.exc_info} if record.exc_info else {}
            get_logger().log(level, record.getMessage(), logger=record.name, **fields)
        except Exception:  # as in every handler: a log line that cannot be written stops nobody
            self.handleError(record)
