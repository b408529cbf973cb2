"""Sets up the log of a process that has no thread but the event loop's: JSON lines on standard error.

No case and no person ever stands in a line.
"""

from __future__ import annotations

import logging
import sys

import structlog


def set_up_log(level: str, libraries: int) -> None:
    """`level`: from where on our own lines are written; `libraries`: from where on those of others are."""
    number = logging.getLevelNamesMapping()[level.upper()]
    logging.basicConfig(level=libraries, stream=sys.stderr, format="%(levelname)s %(name)s: %(message)s")
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(number),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
