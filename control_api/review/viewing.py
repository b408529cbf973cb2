"""What a player gets: the playlist and the timeline that maps it to the wall clock. Pure."""

from __future__ import annotations

from typing import Any

from control_api.review.causes import cause_in_words
from control_api.review.timeline import Timeline
from storage.playlist import PlaylistGap, PlaylistSegment, hls_playlist

MS_NS = 1_000_000


def playlist(line: Timeline) -> str:
    """Addresses are relative to the playlist's own, so that the access stands in one place."""
    segments = [
        PlaylistSegment(
            uri=f"segments/{piece.entry}.m4s",
            init_uri=f"init/{piece.run}.mp4",
            run=piece.run,
            sequence=piece.sequence,
            start_wall_ns=piece.start_wall_ns,
            duration_90k=piece.length_90k,
        )
        for piece in line.pieces
    ]
    gaps = [PlaylistGap(gap.start_wall_ns, gap.end_wall_ns, gap.track, gap.cause) for gap in line.missing]
    return hls_playlist(segments, gaps)


def timeline_json(line: Timeline, translate: Any) -> dict[str, Any]:
    """Times in milliseconds, which a browser holds exactly; `at_s` and `length_s` in media seconds."""
    return {
        "from_ms": line.start_wall_ns // MS_NS,
        "to_ms": line.end_wall_ns // MS_NS,
        "voices": _voices(line),
        "pieces": [
            {
                "entry": piece.entry,
                "at_s": piece.at_90k / 90_000,
                "length_s": piece.length_90k / 90_000,
                "wall_ms": piece.start_wall_ns // MS_NS,
                "recovered": piece.recovered,
                "copied": piece.copied,
                "signed_ms": None if piece.signed_wall_ns is None else piece.signed_wall_ns // MS_NS,
            }
            for piece in line.pieces
        ],
        "missing": [
            {
                "from_ms": gap.start_wall_ns // MS_NS,
                "to_ms": gap.end_wall_ns // MS_NS,
                "track": gap.track,
                "cause": gap.cause,
                "words": translate(cause_in_words(gap.cause, gap.source)),
                "calm": gap.calm,
            }
            for gap in line.missing
        ],
    }


def _voices(line: Timeline) -> str:
    """What can be heard alone; officer and visitor only where that holds for all that has two channels."""
    found = {piece.voices for piece in line.pieces} - {""}
    return found.pop() if len(found) == 1 else "channels" if found else ""
