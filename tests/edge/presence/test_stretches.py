"""Signs become stretches; a stretch in opening hours without a session is told once."""

from __future__ import annotations

import hypothesis.strategies as st
from hypothesis import given

from edge.presence.missed_session import Look, MissedSession
from edge.presence.presence import PAUSE_NS, Presence
from storage.manifest import Moment

S = 1_000_000_000


def at(seconds: float) -> Moment:
    return Moment(wall_ns=10**18 + int(seconds * S), mono_ns=int(seconds * S))


class Day:
    """Somebody gives a sign every `every` seconds; hours and sessions as they are set."""

    def __init__(self) -> None:
        self.presence, self.missed = Presence(), MissedSession()
        self.told: list[tuple[int, Moment]] = []
        self.second = 0

    def go(
        self, seconds: int, *, there: bool = True, hours: bool = True, session: bool = False, every: int = 20
    ) -> None:
        for _ in range(seconds):
            now = at(self.second)
            if there and self.second % every == 0:
                self.presence.sign("voice", now)
            since = self.missed.look(Look(now, self.presence.stretch, hours, session, 300 * S))
            if since is not None:
                self.told.append((self.second, since))
            self.second += 1


def test_five_minutes_without_a_session_are_told_once() -> None:
    day = Day()
    day.go(3600)
    assert day.told == [(300, at(0))]


def test_a_pause_of_a_minute_ends_the_stretch() -> None:
    day = Day()
    day.go(280)
    day.go(120, there=False)
    day.go(280)
    assert day.told == []
    day.go(600)
    assert [since for _, since in day.told] == [at(400)]
    day.go(120, there=False)
    day.go(600)
    assert len(day.told) == 2


def test_with_a_session_nothing_is_missed_and_counting_begins_at_its_end() -> None:
    day = Day()
    day.go(200)
    day.go(1200, session=True)
    day.go(280)
    assert day.told == []
    day.go(100)
    assert [since for _, since in day.told] == [at(1400)]
    day.go(60, session=True)
    day.go(400)
    assert [since for _, since in day.told] == [at(1400), at(1840)]  # somebody stayed on, or came next


def test_before_the_door_opens_nothing_counts() -> None:
    day = Day()
    day.go(1200, hours=False)
    day.go(290)
    assert day.told == []
    day.go(60)
    assert [since for _, since in day.told] == [at(1200)]


def test_without_hours_nothing_is_told() -> None:
    day = Day()
    day.go(3600, hours=False)
    assert day.told == []


@given(st.lists(st.integers(0, 200), min_size=1, max_size=60))
def test_a_stretch_never_spans_a_pause(steps: list[int]) -> None:
    presence, mono, begin = Presence(), 0, 0
    for step in steps:
        if step * S >= PAUSE_NS and presence.stretch is not None:
            begin = mono + step
        mono += step
        if presence.stretch is None:
            begin = mono
        presence.sign("movement", at(mono))
        assert presence.stretch is not None
        assert (presence.stretch.start, presence.stretch.end) == (at(begin), at(mono))
        assert presence.is_there("movement", mono * S)
        assert not presence.is_there("voice", mono * S)
