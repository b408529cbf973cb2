"""HLS playlists (RFC 8216, fMP4) over segments that are opened on the way out. Pure.

Gaps take no room on the media timeline: playback goes straight on, the wall clock jumps. They are told twice: by a
discontinuity with the next segment's own date, and by an EXT-X-DATERANGE that names the cause.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

CONTENT_TYPE = "application/vnd.apple.mpegurl"
GAP_CLASS = "shilu-gap"
_EPOCH = datetime.fromtimestamp(0, UTC)


@dataclass(frozen=True, slots=True)
class PlaylistSegment:
    """`init_uri` serves the run's ftyp+moov, `uri` the segment's fragments. `duration_90k` in media time."""

    uri: str
    init_uri: str
    run: str
    sequence: int
    start_wall_ns: int
    duration_90k: int


@dataclass(frozen=True, slots=True)
class PlaylistGap:
    start_wall_ns: int
    end_wall_ns: int
    track: str
    cause: str


def hls_playlist(segments: Sequence[PlaylistSegment], gaps: Sequence[PlaylistGap] = (), *, ended: bool = True) -> str:
    """`segments` in the order in which they play. `ended`: nothing will be added (VOD), else EVENT."""
    longest = max((segment.duration_90k for segment in segments), default=0)
    lines = [
        "#EXTM3U",
        "#EXT-X-VERSION:7",
        f"#EXT-X-TARGETDURATION:{max(1, math.ceil(longest / 90_000))}",
        "#EXT-X-MEDIA-SEQUENCE:0",
        f"#EXT-X-PLAYLIST-TYPE:{'VOD' if ended else 'EVENT'}",
        "#EXT-X-INDEPENDENT-SEGMENTS",
    ]
    if segments:
        lines += [_date_range(index, gap) for index, gap in enumerate(gaps)]
    before: PlaylistSegment | None = None
    for segment in segments:
        lines += _segment_lines(before, segment)
        before = segment
    return "\n".join([*lines, *(["#EXT-X-ENDLIST"] if ended else [])]) + "\n"


def _segment_lines(before: PlaylistSegment | None, segment: PlaylistSegment) -> list[str]:
    lines: list[str] = []
    if before is None or before.run != segment.run or before.sequence + 1 != segment.sequence:
        lines += ["#EXT-X-DISCONTINUITY"] if before else []
        lines.append(f'#EXT-X-MAP:URI="{segment.init_uri}"')
    lines.append(f"#EXT-X-PROGRAM-DATE-TIME:{_date(segment.start_wall_ns)}")
    return [*lines, f"#EXTINF:{segment.duration_90k / 90_000:.6f},", segment.uri]


def _date_range(index: int, gap: PlaylistGap) -> str:
    seconds = max(0, gap.end_wall_ns - gap.start_wall_ns) / 1e9
    return (
        f'#EXT-X-DATERANGE:ID="gap-{index}",CLASS="{GAP_CLASS}",START-DATE="{_date(gap.start_wall_ns)}",'
        f'DURATION={seconds:.3f},X-TRACK="{gap.track}",X-CAUSE="{gap.cause}"'
    )


def _date(wall_ns: int) -> str:
    moment = _EPOCH + timedelta(microseconds=wall_ns // 1000)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"
