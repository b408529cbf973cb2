"""Why the timeline stopped, read from the chain alone."""

from __future__ import annotations

import pytest

from edge.spool.timeline_state import ENCODER_STUCK, unaccounted
from storage.chain import AnyManifest
from storage.manifest import GapCause, GapManifest, Moment, NoteKind, NoteManifest

STARTED, STOPPED = NoteKind.RECORDER_STARTED, NoteKind.RECORDER_STOPPED
HUNG = "hung"


def entry(number: int, what: NoteKind | str) -> AnyManifest:
    place = {
        "device": "0" * 32,
        "room": "1" * 32,
        "number": number,
        "previous": None if number == 1 else "0" * 64,
        "made": Moment(wall_ns=number, mono_ns=number),
    }
    if what == "covered":
        start = end = Moment(wall_ns=number, mono_ns=number)
        return GapManifest(**place, track="all", start=start, end=end, cause=GapCause.CRASHED)
    if what == HUNG:
        return NoteManifest(**place, note=NoteKind.HEALTH, detail=ENCODER_STUCK)
    return NoteManifest(**place, note=what)


@pytest.mark.parametrize(
    ("chain", "cause"),
    [
        ([STARTED, "covered"], GapCause.CRASHED),
        ([STARTED, "covered", STOPPED], GapCause.NOT_RUNNING),
        ([STARTED, "covered", STOPPED, STARTED], GapCause.CRASHED),
        ([STARTED, "covered", HUNG], GapCause.ENCODER_FAILED),
        ([STARTED, "covered", HUNG, STARTED], GapCause.CRASHED),
        ([STARTED, "covered", HUNG, STARTED, "covered"], GapCause.CRASHED),
        ([STARTED, "covered", HUNG, STARTED, STOPPED], GapCause.ENCODER_FAILED),
    ],
)
def test_the_last_lives_words_tell_the_cause(chain: list[NoteKind | str], cause: GapCause) -> None:
    found = unaccounted(reversed([entry(number, what) for number, what in enumerate(chain, 1)]))
    assert found is not None
    assert found.cause is cause


def test_before_any_footage_nothing_is_missing() -> None:
    assert unaccounted([entry(1, STARTED)]) is None
