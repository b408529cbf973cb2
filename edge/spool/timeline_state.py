"""What the chain says about the end of the timeline: how far it is accounted for, and why it stopped. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from storage.chain import AnyManifest
from storage.manifest import GapCause, GapManifest, Moment, NoteKind, NoteManifest, SegmentManifest

ENCODER_STUCK = "raised encoder-stuck"  # the last word of a life whose pipeline stood still, when the disk took it
ENCODER_WELL = "cleared encoder-stuck"


@dataclass(frozen=True, slots=True)
class Unaccounted:
    """Nothing is recorded from `since` on, because of `cause`: a gap that the next run closes."""

    since: Moment
    cause: GapCause


def unaccounted(newest_first: Iterable[AnyManifest]) -> Unaccounted | None:
    """What the next run's gap begins with; None when nothing was ever recorded.

    A `recorder-started` note without a `recorder-stopped` after it is a life that crashed. One such life since the
    last footage makes the whole gap a crash. A life whose own last word is that its encoder hung did not crash; what
    was recovered of it stands in the chain after that word.
    """
    crashed, stopped, hung = False, False, False
    end: Moment | None = None
    for manifest in newest_first:
        if isinstance(manifest, NoteManifest):
            hung = hung or (manifest.note is NoteKind.HEALTH and manifest.detail == ENCODER_STUCK)
            if manifest.note is NoteKind.RECORDER_STARTED and end is not None:
                break
            if manifest.note is NoteKind.RECORDER_STOPPED:
                stopped = stopped or end is None
            elif manifest.note is NoteKind.RECORDER_STARTED:
                crashed, stopped = crashed or not stopped, False
        elif covers_all(manifest):
            end = end or manifest.end
            if not (isinstance(manifest, SegmentManifest) and manifest.recovered):
                break
    return None if end is None else Unaccounted(end, _cause(crashed, stopped, hung))


def _cause(crashed: bool, stopped: bool, hung: bool) -> GapCause:
    if stopped and not crashed:
        return GapCause.NOT_RUNNING
    return GapCause.ENCODER_FAILED if hung and not crashed else GapCause.CRASHED


def covers_all(manifest: AnyManifest) -> bool:
    """Whether the entry accounts for every track up to its end."""
    if isinstance(manifest, SegmentManifest):
        return manifest.replaces is None  # what was brought in later says nothing about how far recording came
    if not isinstance(manifest, GapManifest) or manifest.cause is GapCause.EXPIRED_UNARCHIVED:
        return False  # what expired lies far back
    return manifest.track == "all"
