"""What the chain says about the end of the timeline: how far it is accounted for, and why it stopped. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from storage.chain import AnyManifest
from storage.manifest import GapCause, GapManifest, Moment, NoteKind, NoteManifest, SegmentManifest


@dataclass(frozen=True, slots=True)
class Unaccounted:
    """Nothing is recorded from `since` on, because of `cause`: a gap that the next run closes."""

    since: Moment
    cause: GapCause


def unaccounted(newest_first: Iterable[AnyManifest]) -> Unaccounted | None:
    """What the next run's gap begins with; None when nothing was ever recorded.

    A `recorder-started` note without a `recorder-stopped` after it is a life that crashed. One such life since the
    last footage makes the whole gap a crash.
    """
    crashed, stopped = False, False
    for manifest in newest_first:
        if isinstance(manifest, NoteManifest):
            if manifest.note is NoteKind.RECORDER_STOPPED:
                stopped = True
            elif manifest.note is NoteKind.RECORDER_STARTED:
                crashed, stopped = crashed or not stopped, False
        elif covers_all(manifest):
            cause = GapCause.NOT_RUNNING if stopped and not crashed else GapCause.CRASHED
            return Unaccounted(manifest.end, cause)
    return None


def covers_all(manifest: AnyManifest) -> bool:
    """Whether the entry accounts for every track up to its end."""
    if isinstance(manifest, SegmentManifest):
        return manifest.replaces is None  # what was brought in later says nothing about how far recording came
    return isinstance(manifest, GapManifest) and manifest.track == "all"
