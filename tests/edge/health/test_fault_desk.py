"""What the officer is asked: once for each stretch of a fault, anew for another one, never outside a session."""

from __future__ import annotations

from edge.health.fault import Failing, FaultDesk, decision
from storage.manifest import Moment

SECOND = 1_000_000_000
SESSION, OTHER = "a" * 32, "b" * 32
CAMERA, DISK = Failing("camera", "camera-silent"), Failing("disk-full", "disk-full")


def at(seconds: float) -> Moment:
    return Moment(wall_ns=10**18 + int(seconds * SECOND), mono_ns=10**12 + int(seconds * SECOND))


def told(desk: FaultDesk, failing: list[Failing], begin: int, end: int) -> None:
    for second in range(begin, end):
        desk.tell(failing, at(second))


def test_a_fault_that_lasts_is_asked_about_in_a_session_only() -> None:
    desk = FaultDesk()
    told(desk, [CAMERA], 0, 3)
    assert desk.waiting(SESSION) is None, "not yet"
    told(desk, [CAMERA], 3, 5)
    fault = desk.waiting(SESSION)
    assert fault is not None
    assert (fault.code, fault.since_wall_ns) == ("camera-silent", at(0).wall_ns)
    assert desk.waiting(None) is None
    assert decision("go-on", fault, "visitor-agrees") == "go-on camera-silent visitor-agrees"


def test_one_decision_for_each_stretch() -> None:
    desk = FaultDesk()
    told(desk, [CAMERA], 0, 5)
    fault = desk.waiting(SESSION)
    assert fault is not None
    desk.decide(SESSION, fault)
    told(desk, [Failing("camera", "device-gone")], 5, 20)
    assert desk.waiting(SESSION) is None, "the same stretch under another code"
    told(desk, [], 20, 25)
    told(desk, [CAMERA], 25, 40)
    assert desk.waiting(SESSION) is None, "away for a moment only"
    told(desk, [], 40, 60)
    told(desk, [CAMERA], 60, 65)
    assert desk.waiting(SESSION) is not None, "a new stretch"


def test_another_fault_and_another_session_ask_anew_and_the_gravest_comes_first() -> None:
    desk = FaultDesk()
    told(desk, [CAMERA], 0, 5)
    fault = desk.waiting(SESSION)
    assert fault is not None
    desk.decide(SESSION, fault)
    told(desk, [DISK, CAMERA], 5, 10)
    second = desk.waiting(SESSION)
    assert second is not None
    assert second.code == "disk-full"
    first_of_other = desk.waiting(OTHER)
    assert first_of_other is not None
    assert first_of_other.code == "disk-full"
    desk.decide(OTHER, first_of_other)
    again = desk.waiting(OTHER)
    assert again is not None
    assert again.code == "camera-silent"


def test_what_is_over_is_not_asked_about() -> None:
    desk = FaultDesk()
    told(desk, [CAMERA], 0, 5)
    told(desk, [], 5, 6)
    assert desk.waiting(SESSION) is None
