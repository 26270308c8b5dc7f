"""Logs: one JSON object a line on standard error."""

import logging
import sys
from typing import Any

import structlog
from structlog.typing import ExcInfo

_without_locals = structlog.tracebacks.ExceptionDictTransformer(show_locals=False)


def _without_what_was_sent(exc_info: ExcInfo) -> list[dict[str, Any]]:
    """Local variables hold keys, passwords and case numbers; PostgreSQL's details the values that it did not take."""
    trace = _without_locals(exc_info)
    for error in trace:
        error["exc_value"] = error["exc_value"].partition("\nDETAIL:")[0]
    return trace


class _InOurForm(logging.Handler):
    """What the server and other libraries log becomes a line like ours, a trace within it."""

    def emit(self, record: logging.LogRecord) -> None:
        log = structlog.get_logger(record.name)
        log.log(record.levelno, record.getMessage().strip(), exc_info=record.exc_info)


IN_OUR_FORM = _InOurForm()


def configure(level: str) -> None:
    logging.getLogger().addHandler(IN_OUR_FORM)  # one and the same is added once
    logging.getLogger("uvicorn.error").setLevel(level.upper())  # which also tells of workers that died
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.ExceptionRenderer(_without_what_was_sent),
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
