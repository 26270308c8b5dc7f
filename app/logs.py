"""Logs: one JSON object a line on standard error."""

import logging
import sys

import structlog

WITHOUT_LOCALS = structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
"""Local variables hold what people sent: keys, passwords, case numbers."""


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
            structlog.processors.ExceptionRenderer(WITHOUT_LOCALS),
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
