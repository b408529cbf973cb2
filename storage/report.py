"""What a verification says: counts, and the first bad thing in one sentence. Pure."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

from storage.dating import Redated
from storage.errors import StorageError
from storage.manifest import AS_CONFIGURED, GapCause


@dataclass(frozen=True, slots=True)
class Problem:
    """The first bad thing. `place`: a file below the verified path, or empty."""

    code: str
    place: str
    message: str
    message_en: str


@dataclass
class Missing:
    """How often, and how long in all, footage is missing on `track` for one cause."""

    cause: str
    track: str
    count: int = 0
    seconds: float = 0.0


@dataclass
class Report:
    """`problem` is None when all that was checked held. Counts go up to the problem."""

    path: str
    kind: str = ""
    devices: int = 0
    entries: int = 0
    segments: int = 0
    gaps: int = 0
    notes: int = 0
    recovered: int = 0
    sealed_checked: int = 0
    opened_checked: int = 0
    fragments_checked: int = 0
    pruned: int = 0  # bytes gone from a spool after a receipt
    expired: int = 0  # bytes gone without one; a signed gap says so
    replaced: int = 0  # bytes gone or shorter; the second copy's footage stands for them
    not_here: int = 0  # an archive's or package's entries without bytes, which nothing signed explains
    left_out: list[str] = field(default_factory=list)  # those of `not_here`, by file
    receipts_checked: int = 0
    receipts_unchecked: int = 0  # no centre key was given
    tags_checked: int = 0
    redated: list[Redated] = field(default_factory=list)  # footage and gaps that are better dated than signed
    undated: int = 0  # footage and gaps made while the clock was not known, and not dated since
    recorded_s: float = 0.0  # of what is here or receipted; what stands twice counts once
    gap_s: float = 0.0  # nothing at all was recorded
    calm_s: float = 0.0  # nothing was kept, as configured
    missing: list[Missing] = field(default_factory=list)
    keys_from_evidence: bool = False
    fingerprints: list[str] = field(default_factory=list)
    problem: Problem | None = None

    def count_gap(self, cause: GapCause, track: str, seconds: float) -> None:
        """What went without a receipt was recorded once: it is told of, and is no interruption."""
        found = next((one for one in self.missing if (one.cause, one.track) == (cause.value, track)), None)
        if found is None:
            found = Missing(cause.value, track)
            self.missing.append(found)
        found.count, found.seconds = found.count + 1, found.seconds + seconds
        if track == "all" and cause in AS_CONFIGURED:
            self.calm_s += seconds
        elif track == "all" and cause is not GapCause.EXPIRED_UNARCHIVED:
            self.gap_s += seconds

    @property
    def ok(self) -> bool:
        return self.problem is None

    def as_json(self) -> dict[str, Any]:
        return {"verified": self.ok, **asdict(self)}


class Unsound(StorageError):
    """Ends a verification at the first bad thing; never leaves `verification.verify`."""

    def __init__(self, code: str, place: str, message: str, message_en: str) -> None:
        super().__init__(code, message, message_en)
        self.place = place


@contextlib.contextmanager
def at_place(place: str, *passed_on: type[StorageError]) -> Iterator[None]:
    """Say where an error was met. Errors of the types `passed_on` go through as they are."""
    try:
        yield
    except passed_on:
        raise
    except StorageError as error:
        if isinstance(error, Unsound) and error.place:
            raise
        raise Unsound(error.code, place, f"{place}：{error.message}", f"{place}: {error.message_en}") from error
