"""Whom the agent trusts on the line: the CAs of the system, or the county's own alone.

A PC that woke in 1970 finds every certificate not valid yet and could never ask the centre for anything, nor be put
right by it. So while its clock is known to be wrong the dates of certificates are not looked at, and only with the
county's own CA pinned: whoever stands in between must still hold a key that this CA has signed, and the centre's word
counts by the key that enrolment pinned, whatever TLS says. Every other check stands. And a certificate that had expired
when this PC last knew the time stays expired: whoever keeps time servers away revives no stolen one.
"""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import structlog

from storage.disk import replace_file

log = structlog.get_logger(__name__)
KEEP_EVERY_NS = 3600 * 1_000_000_000
NO_CHECK_TIME = 0x200000  # OpenSSL's X509_V_FLAG_NO_CHECK_TIME, which Python's ssl has no name for


class Trust:
    """`certificates` is shared by all connections; a change holds for those that begin after it.

    Raises OSError or ssl.SSLError for a CA file that can't be used.
    """

    def __init__(self, ca_file: Path | None, known_file: Path | None = None) -> None:
        """`known_file`: keeps when the time was last known, over restarts."""
        self.certificates = ssl.create_default_context(cafile=str(ca_file) if ca_file else None)
        self.certificates.sslobject_class = _never_expired_before(self._known)
        self._pinned, self._known_file = ca_file is not None, known_file
        self._known_wall_ns = self._kept_wall_ns = _read(known_file)

    @property
    def looks_at_dates(self) -> bool:
        return not int(self.certificates.verify_flags) & NO_CHECK_TIME

    def _known(self) -> int | None:
        """The last moment that this PC is sure of, where dates are passed over otherwise."""
        return None if self.looks_at_dates else self._known_wall_ns

    def time_is(self, wall_ns: int) -> None:
        """What a synchronized clock says. Written down once an hour."""
        self._known_wall_ns = wall_ns
        if self._known_file is not None and abs(wall_ns - self._kept_wall_ns) >= KEEP_EVERY_NS:
            with contextlib.suppress(OSError):
                replace_file(self._known_file, str(wall_ns).encode())
                self._kept_wall_ns = wall_ns

    def clock_is(self, synchronized: bool | None) -> None:
        """How this PC's clock is known. Not known whether: dates are looked at."""
        look = not (self._pinned and synchronized is False)
        if look == self.looks_at_dates:
            return
        flags = int(self.certificates.verify_flags)
        self.certificates.verify_flags = ssl.VerifyFlags(flags & ~NO_CHECK_TIME if look else flags | NO_CHECK_TIME)
        log.warning("certificate-dates", looked_at=look, reason="the clock is synchronized" if look else "it is not")


def _never_expired_before(known_ns: Callable[[], int | None]) -> type[ssl.SSLObject]:
    class Checked(ssl.SSLObject):
        def do_handshake(self) -> None:
            super().do_handshake()
            since_ns, certificate = known_ns(), self.getpeercert()
            if since_ns is None or not certificate:
                return
            if ssl.cert_time_to_seconds(str(certificate["notAfter"])) * 1_000_000_000 < since_ns:
                raise ssl.SSLCertVerificationError("the certificate had expired before this PC's clock was lost")

    return Checked


def _read(known_file: Path | None) -> int:
    try:
        return int(known_file.read_text(encoding="ascii")) if known_file is not None else 0
    except (OSError, ValueError):
        return 0


def clock_synchronized(recorder_status: Mapping[str, Any]) -> bool | None:
    """What the recorder says: the agent's own unit may not ask the kernel."""
    clock = recorder_status.get("clock")
    known = clock.get("synchronized") if isinstance(clock, dict) else None
    return known if isinstance(known, bool) else None
