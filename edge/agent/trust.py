"""Whom the agent trusts on the line: the CAs of the system, or the county's own alone.

A PC that woke in 1970 finds every certificate not valid yet and could never ask the centre for anything, nor be put
right by it. So while its clock is known to be wrong the dates of certificates are not looked at, and only with the
county's own CA pinned: whoever stands in between must still hold a key that this CA has signed, and the centre's word
counts by the key that enrolment pinned, whatever TLS says. Every other check stands.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import structlog

log = structlog.get_logger(__name__)
NO_CHECK_TIME = 0x200000  # OpenSSL's X509_V_FLAG_NO_CHECK_TIME, which Python's ssl has no name for


class Trust:
    """`certificates` is shared by all connections; a change holds for those that begin after it.

    Raises OSError or ssl.SSLError for a CA file that can't be used.
    """

    def __init__(self, ca_file: Path | None) -> None:
        self.certificates = ssl.create_default_context(cafile=str(ca_file) if ca_file else None)
        self._pinned = ca_file is not None

    @property
    def looks_at_dates(self) -> bool:
        return not int(self.certificates.verify_flags) & NO_CHECK_TIME

    def clock_is(self, synchronized: bool | None) -> None:
        """How this PC's clock is known. Not known whether: dates are looked at."""
        look = not (self._pinned and synchronized is False)
        if look == self.looks_at_dates:
            return
        flags = int(self.certificates.verify_flags)
        self.certificates.verify_flags = ssl.VerifyFlags(flags & ~NO_CHECK_TIME if look else flags | NO_CHECK_TIME)
        log.warning("certificate-dates", looked_at=look, reason="the clock is synchronized" if look else "it is not")


def clock_synchronized(recorder_status: Mapping[str, Any]) -> bool | None:
    """What the recorder says: the agent's own unit may not ask the kernel."""
    clock = recorder_status.get("clock")
    known = clock.get("synchronized") if isinstance(clock, dict) else None
    return known if isinstance(known, bool) else None
