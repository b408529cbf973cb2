"""A short soak as a test, and the rig tried on what it must see."""

from __future__ import annotations

from pathlib import Path

import av_drift_detector as avd
import pytest

from storage.manifest import GapCause, GapManifest, Moment
from tests.soak.footage_measure import MeasuredSegment, judge_continuity
from tests.soak.rig import Outcome, soak
from tests.soak.vitals import Vitals

PICTURE_NS = 40_000_000


def expect_whole(outcome: Outcome) -> None:
    assert outcome.problem is None
    assert outcome.lost_frames == 0, outcome
    assert outcome.continuity.repeated == outcome.continuity.unreadable == 0, outcome
    assert outcome.continuity.sound_joins_broken == 0, outcome
    assert outcome.in_sync, outcome
    assert outcome.descriptors_growth <= 2, outcome


def test_a_third_of_a_minute(tmp_path: Path) -> None:
    """Too short for memory to say anything: that is the long one's."""
    outcome = soak(tmp_path, 19, film_s=9)
    expect_whole(outcome)
    assert outcome.continuity.joins >= 3
    assert outcome.visitor_wander_ms is not None, "the real microphone was heard"


@pytest.mark.long
@pytest.mark.timeout(900)
def test_eight_minutes(tmp_path: Path) -> None:
    outcome = soak(tmp_path, 480)
    print(outcome)
    expect_whole(outcome)
    assert outcome.passed, outcome


def segment(
    sequence: int, numbers: list[int | None], start_ns: int, sound: tuple[int, int] = (0, 0)
) -> MeasuredSegment:
    times = [place * 3600 for place in range(len(numbers))]
    return MeasuredSegment("r", sequence, start_ns, numbers, times, *sound, 0.0, [])


def gap(start_ns: int, end_ns: int) -> GapManifest:
    start, end = (Moment(wall_ns=ns, mono_ns=ns) for ns in (start_ns, end_ns))
    return GapManifest(
        device="0" * 32, room="1" * 32, number=1, previous=None, made=start, track="video", start=start, end=end,
        cause=GapCause.ENCODER_FAILED,
    )  # fmt: skip


def test_a_picture_lost_at_a_join_is_seen() -> None:
    first, second = segment(0, [7, 8, 9], 0, (0, 100)), segment(1, [11, 12], 4 * PICTURE_NS, (100, 200))
    seen = judge_continuity([first, second], [], 1000)
    assert (seen.joins, seen.lost_at_joins, seen.lost_within, seen.refused) == (1, 1, 0, 0)
    told = judge_continuity([first, second], [gap(3 * PICTURE_NS, 4 * PICTURE_NS)], 1000)
    assert (told.lost_at_joins, told.refused) == (0, 1)


def test_the_film_goes_round_and_a_hole_in_the_sound_is_seen() -> None:
    first, second = segment(0, [997, 998, 999], 0, (0, 100)), segment(1, [0, None, 2, 2], 3 * PICTURE_NS, (101, 200))
    seen = judge_continuity([first, second], [], 1000)
    assert (seen.lost_at_joins, seen.lost_within, seen.repeated, seen.unreadable) == (0, 1, 1, 1)
    assert seen.sound_joins_broken == 1


def test_growth_is_measured_after_the_warm_up() -> None:
    samples = [
        (float(second), 50.0 if second < 10 else 100.0 + second / 10, 20 + second // 50) for second in range(100)
    ]
    memory, descriptors = Vitals(samples).growth(warm_s=10)
    assert memory == pytest.approx(7.4, abs=0.3)
    assert descriptors == 1


def test_a_film_out_of_sync_is_measured_with_its_sign(tmp_path: Path) -> None:
    """The detector's own offset: late sound is positive there and negative here."""
    avd.generate(
        tmp_path / "late.mov", fps="25", duration=4, width=640, height=360, audio_codec="pcm", audio_offset=0.06,
        music=False,
    )  # fmt: skip
    assert avd.analyze(tmp_path / "late.mov", capture="file")["summary"]["median_ms"] == pytest.approx(60, abs=1)
