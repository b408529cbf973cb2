"""A disputed session: nearly all that may happen to a recording happened to it. For replay, package and verification.

Booted in 1970; nobody there, then a visitor; one of two cameras lost; a trouble raised, decided about and cleared; a
crash; one segment lost and brought from the second copy; the clock corrected afterwards. Beside it footage that a full
disk let go.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from control_api.database import new_id
from tests.fakes.seeded_centre import S, SeededCentre, SeededRoom
from tests.fakes.seeded_footage import Recording, record

BOOT_1970_NS = 100 * S  # what the wall clock said when the recorder started
MONO_NS = 9 * S  # and its monotonic clock
BOOT = "b-1970"
TONES = (330, 880)  # the officer's channel, the visitor's
COPY = 500_000_000


@dataclass
class Dispute:
    session: str
    room: SeededRoom
    start_ns: int  # when the recorder really started
    lost: str  # the segment whose own bytes never came
    copy: str  # what stands for it


@dataclass
class _Wrong:
    """The room's moments while its wall clock is wrong: `at` is in real seconds since the recorder started."""

    room: SeededRoom
    start_ns: int

    def moment(self, at: int, pts_s: int | None = None) -> dict[str, Any]:
        media = {} if pts_s is None else {"pts_90k": pts_s * 90_000}
        return {"wall_ns": BOOT_1970_NS + at * S, "mono_ns": MONO_NS + at * S} | media

    def _made(self, at: int) -> dict[str, Any]:
        return {"made": self.moment(at), "clock": {"source": "unknown", "synchronized": False}}

    def note(self, at: int, note: str, **fields: Any) -> str:
        return self.room.add(0, kind="note", note=note, **self._made(at), **fields)

    def gap(self, start: int, end: int, cause: str, track: str = "all", **fields: Any) -> str:
        span = {"start": self.moment(start), "end": self.moment(end)}
        return self.room.add(0, kind="gap", track=track, cause=cause, **span, **self._made(end), **fields)

    def segment(self, recording: Recording, run: str, began: int, at: int, session: str | None, **fields: Any) -> str:
        """Ten seconds, `at` seconds into a run that began at `began`."""
        fields = {
            "start": self.moment(began + at, at),
            "end": self.moment(began + at + 10, at + 10),
            "tracks": TRACKS,
            **self._made(began + at + 10),
        } | fields
        archived = bool(fields.pop("archived", True))
        return self.room._segment(recording, run, self.start_ns + began * S, at, session, archived, **fields)


TRACKS = [
    {"kind": "video", "codec": "avc1.42c01e", "width": 640, "height": 360, "rate": 10},
    {
        "kind": "audio",
        "codec": "mp4a.40.2",
        "rate": 48000,
        "channels": 2,
        "microphones": [{"source": "microphone"}, {"source": "second-microphone"}],
    },
]


def seed_dispute(seeded: SeededCentre, ago_s: int = 1500) -> Dispute:
    room, officer = seeded.rooms["青石镇 2号接谈室"], seeded.officer
    start = seeded.center.now_ns() // S * S - ago_s * S
    old = _let_go(room, start - 3600 * S)
    wrong, session, first, second = _Wrong(room, start), new_id(), new_id(), new_id()
    wrong.note(0, "recorder-started", detail=f"boot={BOOT}")
    wrong.note(1, "recording-paused", detail="nobody-present")
    wrong.gap(0, 60, "nobody-present")
    before = record(start + 60 * S, 60, room.name, TONES)
    wrong.segment(before, first, 60, 0, None)
    wrong.segment(before, first, 60, 10, None)
    acted = {"session": session, "officer": officer, "signed_in": "online"}
    wrong.note(85, "session-opened", **acted)
    wrong.segment(before, first, 60, 20, session)
    wrong.note(92, "health", detail="raised picture-covered second-camera")
    wrong.note(96, "fault-decision", detail="go-on picture-covered visitor-agrees", **acted)
    wrong.segment(before, first, 60, 30, session)
    wrong.segment(before, first, 60, 40, session, recovered=True)
    wrong.note(104, "health", detail="cleared picture-covered second-camera")
    wrong.gap(92, 104, "camera-lost", "video", source="second-camera", session=session)
    wrong.gap(110, 122, "crashed", session=session)
    wrong.note(122, "recorder-started", detail=f"boot={BOOT}")
    after = record(start + 122 * S, 50, room.name, TONES)
    wrong.segment(after, second, 122, 0, session)
    lost = wrong.segment(after, second, 122, 10, session, archived=False)
    wrong.segment(after, second, 122, 20, session)
    wrong.note(150, "session-closed", **acted)
    wrong.segment(after, second, 122, 30, None)
    copied = wrong.segment(after, second, 122, 10, session, sequence=COPY, replaces=[lost], recovered=True)
    last = wrong.segment(after, second, 122, 40, None)
    _expire(room, old, start + 300 * S)
    stated = {"boot": BOOT, "first_number": 1, "last_number": room.number, "wall_minus_mono_ns": start - MONO_NS}
    stated["wall_minus_mono_ns"] = str(stated["wall_minus_mono_ns"])
    stated["first_number"] = old[-1] + 1
    clock = {"source": "chrony", "synchronized": True, "offset_ns": 12_000, "uncertainty_ns": 4_000_000}
    made = {"wall_ns": start + 400 * S, "mono_ns": MONO_NS + 400 * S}
    room.add(0, kind="note", note="clock-corrected", made=made, clock=clock, correction=stated)
    assert last
    return Dispute(session, room, start, lost, copied)


def _let_go(room: SeededRoom, start_ns: int) -> list[Any]:
    """Two segments of nobody's session that never came; their run, numbers and that of the gap behind them."""
    recording, run = record(start_ns, 20, room.name), new_id()
    numbers = []
    for at in (0, 10):
        room._segment(recording, run, start_ns, at, None, False)
        numbers.append(room.number)
    room.gap(start_ns + 20 * S, start_ns + 3600 * S, "not-running")
    return [run, *numbers, room.number]


def _expire(room: SeededRoom, old: list[Any], made_ns: int) -> None:
    run, first, last, _ = old
    start = made_ns - 300 * S - 3600 * S
    span = {
        "start": {"wall_ns": start, "mono_ns": start},
        "end": {"wall_ns": start + 20 * S, "mono_ns": start + 20 * S},
    }
    fields = {"run": run, "expired": {"first": first, "last": last}}
    room.add(made_ns, kind="gap", track="all", cause="expired-unarchived", **span, **fields)
