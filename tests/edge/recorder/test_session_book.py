"""Which session is open, and which one a span of footage belongs to (S8)."""

from __future__ import annotations

import secrets

import pytest

from edge.recorder.refusal import Refusal
from edge.recorder.sessions import SessionBook
from storage.manifest import Moment, NoteKind, NoteManifest

A, B = "a" * 32, "b" * 32
S = 1_000_000_000


def at(second: float) -> Moment:
    return Moment(wall_ns=10**18 + int(second * S), mono_ns=int(second * S))


def note(kind: NoteKind, second: float, session: str | None = None, tag: str | None = None) -> NoteManifest:
    place = {"device": "d" * 32, "room": "e" * 32, "number": 1, "previous": None}
    return NoteManifest(note=kind, made=at(second), session=session, tag_sha256=tag, **place)  # type: ignore[arg-type]


def opened(second: float, session: str = A) -> NoteManifest:
    return note(NoteKind.SESSION_OPENED, second, session)


def closed(second: float, session: str = A) -> NoteManifest:
    return note(NoteKind.SESSION_CLOSED, second, session)


def started(second: float) -> NoteManifest:
    return note(NoteKind.RECORDER_STARTED, second)


def test_one_session_at_a_time() -> None:
    book = SessionBook([opened(10)])
    with pytest.raises(Refusal) as refusal:
        book.may_open(B)
    assert (refusal.value.code, refusal.value.facts) == ("session-open", {"session": A})
    again = book.may_open(A)
    assert again is not None
    assert again.opened_wall_ns == at(10).wall_ns


def test_closing_twice_or_another_one_changes_nothing() -> None:
    book = SessionBook([opened(10), closed(20)])
    for session in (A, B):
        with pytest.raises(Refusal) as refusal:
            book.may_close(session)
        assert refusal.value.code == "session-not-open"
    assert book.may_open(B) is None


@pytest.mark.parametrize(
    ("start", "end", "session"),
    [(0, 10, None), (5, 15, A), (12, 18, A), (15, 25, A), (20, 30, None), (19, 31, A), (30.5, 40, B)],
)
def test_a_span_belongs_to_the_session_that_touches_it(start: float, end: float, session: str | None) -> None:
    book = SessionBook([opened(10), closed(20), opened(30, B)])
    assert book.at(at(start), at(end))[0] == session


def test_of_two_sessions_the_longer_part_counts() -> None:
    book = SessionBook([opened(0), closed(3), opened(4, B)])
    assert book.at(at(0), at(10))[0] == B


def test_a_tag_counts_from_then_on_also_for_a_closed_session() -> None:
    tag, corrected = secrets.token_hex(32), secrets.token_hex(32)
    book = SessionBook([opened(10), note(NoteKind.SESSION_TAGGED, 12, A, tag)])
    assert book.at(at(11), at(13)) == (A, tag)
    book.apply(closed(20))
    book.apply(note(NoteKind.SESSION_TAGGED, 30, A, corrected))
    assert book.at(at(15), at(25)) == (A, corrected)


def test_a_session_from_an_earlier_life_was_open_all_along() -> None:
    """Another boot's monotonic clock says nothing about this one's."""
    book = SessionBook([opened(5_000), started(3)])
    assert book.current is not None
    assert book.at(at(1), at(2))[0] == A
    assert book.at(at(9_000), at(4))[0] == A  # a gap that began in the earlier boot
    book.apply(closed(8))
    assert book.at(at(9), at(10))[0] is None


def test_what_closed_in_an_earlier_life_touches_nothing_now() -> None:
    book = SessionBook([opened(5_000), closed(6_000), started(3)])
    assert book.at(at(5_500), at(5_600)) == (None, None)
