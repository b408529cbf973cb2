"""How long nothing has been wanted: a mark beside the spool, renewed while the gate is shut. Owns one small file.

Signed gaps tell the pause in pieces; the mark says, after a crash, how far the last one had come. It is never synced:
a kill leaves it whole, a power cut an older one or none, and then a little more of the pause counts as the crash.
"""

from __future__ import annotations

import contextlib
import json
import os
from dataclasses import dataclass
from pathlib import Path

from edge.spool.ledger import Ledger
from edge.spool.timeline_state import Unaccounted
from storage.manifest import GapCause, GapManifest, Moment

NAME = "standby.json"
RENEW_NS = 2_000_000_000


@dataclass(frozen=True, slots=True)
class Standby:
    """Nothing was wanted until `known`, because of `cause`."""

    cause: GapCause
    known: Moment


class StandbyMark:
    def __init__(self, spool: Path) -> None:
        self._path = spool / NAME
        self._renewed_mono_ns: int | None = None

    def renew(self, cause: GapCause, now: Moment) -> None:
        """A disk that does not take it costs the mark only."""
        if self._renewed_mono_ns is not None and now.mono_ns - self._renewed_mono_ns < RENEW_NS:
            return
        self._renewed_mono_ns = now.mono_ns
        text = json.dumps({"cause": cause.value, "wall_ns": now.wall_ns, "mono_ns": now.mono_ns})
        part = self._path.with_suffix(".part")
        with contextlib.suppress(OSError):
            descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "w", encoding="ascii") as file:
                file.write(text)
            part.replace(self._path)

    def take(self) -> Standby | None:
        """What the last life left, once; None where it left nothing that can be read."""
        try:
            found = json.loads(self._path.read_text(encoding="ascii"))
            self._path.unlink()
            known = Moment(wall_ns=found["wall_ns"], mono_ns=found["mono_ns"])
            return Standby(GapCause(found["cause"]), known)
        except (OSError, ValueError, KeyError, TypeError):
            return None


def after_standby(ledger: Ledger, missing: Unaccounted | None, standby: Standby | None) -> Unaccounted | None:
    """The gap that the next run closes, less what was planned silence before a crash: that is signed here and now.

    An older pause says nothing of the time after `missing.since`; the mark counts where both clocks put it later.
    """
    if missing is None or standby is None or missing.cause is not GapCause.CRASHED:
        return missing
    since, known = missing.since, standby.known
    if known.mono_ns <= since.mono_ns or known.wall_ns <= since.wall_ns:
        return missing
    ledger.append(GapManifest, track="all", start=since, end=known, cause=standby.cause, run=None, session=None)
    return Unaccounted(known, GapCause.CRASHED)
