"""Steers the gate: gathers what the rule needs, applies its word, and notes when recording pauses.

`decide` may be called from any thread and as often as anything changes; it returns at once. One at a time: whoever
opens a session finds the gate open when `decide` returns, whatever another thread saw before.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from config.room import RoomConfiguration
from edge.gate.gate import Gate
from edge.gate.rule import Circumstances, unwanted
from storage.manifest import ClockState, GapCause, Moment, NoteKind


class NoteLater(Protocol):
    def __call__(self, kind: NoteKind, *, detail: str | None = None) -> None: ...


@dataclass(frozen=True, slots=True)
class Sessions:
    """What the rule asks of the room's sessions."""

    is_open: Callable[[], bool]
    last_closed: Callable[[], Moment | None]


@dataclass(frozen=True, slots=True)
class SteeringParts:
    """`opened` is called whenever the gate opens, so that a key frame is made for who looks on."""

    configuration: Callable[[], RoomConfiguration]
    sessions: Sessions
    clock_state: Callable[[], ClockState]
    now: Callable[[], Moment]
    note_later: NoteLater
    opened: Callable[[], None]


class Steering:
    def __init__(self, gate: Gate, parts: SteeringParts) -> None:
        self._gate, self._parts = gate, parts
        self._lock = threading.Lock()
        self._present_mono_ns: int | None = None
        self._sensed_mono_ns = parts.now().mono_ns

    @property
    def cause(self) -> GapCause | None:
        """Why nothing is kept now; None while it is."""
        return self._gate.cause

    def present(self, mono_ns: int) -> None:
        """A sign of presence at `mono_ns`."""
        with self._lock:
            self._present_mono_ns = max(mono_ns, self._present_mono_ns or mono_ns)
        if not self._gate.open:
            self.decide()

    def sensed(self, mono_ns: int) -> None:
        """A picture or sound was looked at, whatever was in it."""
        self._sensed_mono_ns = max(mono_ns, self._sensed_mono_ns)

    def decide(self) -> None:
        with self._lock:
            was, now = self._gate.cause, self._parts.now()
            settings = self._parts.configuration().recording
            cause = unwanted(self._circumstances(now))
            self._gate.decide(cause, now.mono_ns, settings.presence.pre_roll_s * 1_000_000_000)
        if cause is not None and was is None:
            self._parts.note_later(NoteKind.RECORDING_PAUSED, detail=cause.value)
        elif cause is None and was is not None:
            self._parts.opened()

    def _circumstances(self, now: Moment) -> Circumstances:
        parts, configuration = self._parts, self._parts.configuration()
        settings = configuration.recording
        return Circumstances(
            now=now,
            mode=settings.mode,
            hours_open=settings.hours.is_open(now.wall_ns, configuration.timezone),
            clock_synchronized=parts.clock_state().synchronized,
            present_mono_ns=self._present_mono_ns,
            sensed_mono_ns=self._sensed_mono_ns,
            post_roll_ns=settings.presence.post_roll_s * 1_000_000_000,
            session_open=parts.sessions.is_open(),
            session_closed=parts.sessions.last_closed(),
        )
