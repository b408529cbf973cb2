from control_api.review.causes import CAUSES
from control_api.review.timeline import Known, lay_out
from storage.manifest import (
    FragmentProof,
    GapCause,
    GapManifest,
    Moment,
    OpenedBytes,
    SealedBytes,
    SegmentManifest,
)

S = 1_000_000_000
ID = "0" * 32


def moment(wall_s: float, pts_s: float | None = None) -> Moment:
    pts = None if pts_s is None else round(pts_s * 90_000)
    return Moment(wall_ns=round(wall_s * S), mono_ns=round(wall_s * S), pts_90k=pts)


def segment(start_s: float, pts_s: float, run: str = "a", sequence: int = 0, state: str = "receipted") -> Known:
    manifest = SegmentManifest(
        device=ID,
        room=ID,
        number=1,
        previous=None,
        made=moment(start_s + 10),
        run=run * 32,
        sequence=sequence,
        start=moment(start_s, pts_s),
        end=moment(start_s + 10, pts_s + 10),
        tracks=[],
        sealed=SealedBytes(sha256="0" * 64, size=1),
        opened=OpenedBytes(
            sha256=None,
            size=2,
            init_size=1,
            init_sha256="0" * 64,
            fragments=[FragmentProof(offset=1, size=1, start_pts_90k=0, end_pts_90k=1, sha256="0" * 64)],
        ),
    )
    return Known(f"{run}{sequence}", manifest, state)


def gap(start_s: float, end_s: float, track: str = "all", cause: GapCause = GapCause.CRASHED) -> GapManifest:
    return GapManifest.model_validate(
        {
            "device": ID,
            "room": ID,
            "number": 1,
            "previous": None,
            "made": moment(end_s),
            "track": track,
            "start": moment(start_s),
            "end": moment(end_s),
            "cause": cause,
        }
    )


SPAN = (100 * S, 200 * S)


def test_pieces_follow_each_other_on_the_playlist_and_gaps_take_no_time() -> None:
    line = lay_out([segment(140, 0, "b"), segment(100, 37), segment(110, 47, sequence=1)], [gap(120, 140)], SPAN)
    assert [(piece.at_90k // 90_000, piece.start_wall_ns // S) for piece in line.pieces] == [
        (0, 100),
        (10, 110),
        (20, 140),
    ]
    assert line.length_90k == 30 * 90_000
    assert [(one.start_wall_ns // S, one.end_wall_ns // S, one.cause) for one in line.missing] == [
        (120, 140, "crashed")
    ]


def test_a_hole_that_nobody_explained_is_shown_as_one() -> None:
    line = lay_out([segment(100, 0), segment(130, 0, "b")], [], SPAN)
    assert [(one.start_wall_ns // S, one.end_wall_ns // S, one.cause) for one in line.missing] == [
        (110, 130, "unexplained")
    ]


def test_what_is_on_its_way_or_damaged_does_not_play_and_neighbours_become_one_stretch() -> None:
    line = lay_out(
        [
            segment(100, 0),
            segment(110, 10, sequence=1, state="waiting"),
            segment(120, 20, sequence=2, state="waiting"),
            segment(130, 30, sequence=3, state="damaged"),
            segment(140, 40, sequence=4),
        ],
        [],
        SPAN,
    )
    assert [piece.entry for piece in line.pieces] == ["a0", "a4"]
    assert [(one.start_wall_ns // S, one.end_wall_ns // S, one.cause) for one in line.missing] == [
        (110, 130, "not-archived"),
        (130, 140, "damaged"),
    ]


def test_a_lost_microphone_is_shown_while_the_picture_plays() -> None:
    line = lay_out(
        [segment(100, 0), segment(110, 10, sequence=1)], [gap(90, 115, "audio", GapCause.MICROPHONE_LOST)], SPAN
    )
    assert len(line.pieces) == 2
    assert [(one.track, one.start_wall_ns // S, one.end_wall_ns // S) for one in line.missing] == [("audio", 100, 115)]


def test_nothing_at_all_is_an_empty_line() -> None:
    line = lay_out([], [], SPAN)
    assert (line.pieces, line.missing, line.length_90k) == ((), (), 0)


def test_a_wall_clock_that_stepped_back_leaves_the_order_of_a_run_alone() -> None:
    line = lay_out([segment(110, 0), segment(105, 10, sequence=1)], [], SPAN)
    assert [piece.sequence for piece in line.pieces] == [0, 1]


def test_every_cause_that_a_room_can_sign_has_words() -> None:
    assert {cause.value for cause in GapCause} <= CAUSES.keys()


def test_what_is_not_kept_as_configured_is_calm_outside_a_session_alone() -> None:
    gaps = [gap(100, 200, cause=GapCause.NOBODY_PRESENT), gap(300, 310, cause=GapCause.OUTSIDE_HOURS), gap(400, 410)]
    line = lay_out([], gaps, (100 * S, 500 * S), (290 * S, 350 * S))
    assert [one.calm for one in line.missing if one.cause != "unexplained"] == [True, False, False]


def test_the_second_copy_plays_in_its_place_and_a_gap_shows_where_nothing_covers_it() -> None:
    copy = segment(110, 10, sequence=500_000_000)
    copy = Known(copy.entry, copy.manifest.model_copy(update={"replaces": []}), "receipted")
    pieces = [segment(100, 0), segment(130, 30, sequence=3), copy]
    line = lay_out(pieces, [gap(110, 130, cause=GapCause.WRITER_OVERFLOW)], (100 * S, 140 * S))
    assert [piece.start_wall_ns // S for piece in line.pieces] == [100, 110, 130]
    assert [(one.start_wall_ns // S, one.end_wall_ns // S, one.cause) for one in line.missing] == [
        (120, 130, "writer-overflow")
    ]


def test_a_gap_of_one_source_stays_apart_from_its_track() -> None:
    own = gap(100, 110, "video", GapCause.CAMERA_LOST).model_copy(update={"source": "second-camera"})
    line = lay_out([segment(100, 0)], [own, gap(110, 120, "video", GapCause.CAMERA_LOST)], (100 * S, 120 * S))
    assert [one.source for one in line.missing] == ["second-camera", None]
