"""Footage without our software: Debian's age opens what the bucket holds, Debian's ffprobe reads it."""

from __future__ import annotations

import hashlib
import json
import subprocess
from pathlib import Path

import pytest

from storage.layout import sealed_key
from storage.manifest import SegmentManifest
from tests.story.archive_reader import fetch
from tests.story.standing_house import StandingHouse

pytestmark = pytest.mark.timeout(120)


def first_archived(standing: StandingHouse) -> SegmentManifest:
    """A whole segment that the archive has."""
    numbers = [row.number for row in standing.centre_rows() if row.kind == "segment" and row.state == "receipted"]
    segments = [one for one in standing.chain() if isinstance(one, SegmentManifest)]
    return next(one for one in segments if one.number in numbers and not one.recovered)


def test_age_and_ffprobe_read_a_segment_from_the_bucket(standing: StandingHouse, tmp_path: Path) -> None:
    with standing.at_the_desk() as desk:
        session = desk.open_session("")
        standing.wait(2)
        desk.close_session(session)
    head = standing.head()
    assert standing.wait(60, lambda: standing.all_archived(head), step_s=0.5)
    segment = first_archived(standing)
    sealed, opened = tmp_path / "segment.mp4.age", tmp_path / "segment.mp4"
    sealed.write_bytes(fetch(standing, sealed_key(segment)))
    assert hashlib.sha256(sealed.read_bytes()).hexdigest() == segment.sealed.sha256
    subprocess.run(["age", "-d", "-i", standing.identity_file, "-o", opened, sealed], check=True, timeout=30)
    assert hashlib.sha256(opened.read_bytes()).hexdigest() == segment.opened.sha256
    streams = probe(opened)
    assert (streams["video"]["codec_name"], streams["video"]["profile"]) == ("h264", "Constrained Baseline")
    assert (streams["audio"]["codec_name"], streams["audio"]["sample_rate"]) == ("aac", "48000")
    length_s = (segment.end.wall_ns - segment.start.wall_ns) / 1e9
    assert abs(int(streams["video"]["nb_read_frames"]) - length_s * 25) <= 2
    assert int(streams["audio"]["nb_read_frames"]) > length_s * 40


def test_age_opens_nothing_without_the_identity(standing: StandingHouse, tmp_path: Path) -> None:
    """The room's own directory holds no key that opens what it sealed."""
    other = tmp_path / "other.txt"
    subprocess.run(["age-keygen", "-o", other], check=True, capture_output=True, timeout=30)
    sealed = tmp_path / "segment.mp4.age"
    sealed.write_bytes(fetch(standing, sealed_key(first_archived(standing))))
    refused = subprocess.run(["age", "-d", "-i", other, sealed], capture_output=True, timeout=30, check=False)
    assert refused.returncode != 0
    assert refused.stdout == b""
    files = (path for path in standing.place.room_data.rglob("*") if path.is_file())
    assert not [path for path in files if b"AGE-SECRET-KEY-" in path.read_bytes().upper()]


def probe(file: Path) -> dict[str, dict[str, str]]:
    command = ["ffprobe", "-v", "error", "-count_frames", "-show_streams", "-of", "json", file]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60)
    assert done.stderr == ""
    return {stream["codec_type"]: stream for stream in json.loads(done.stdout)["streams"]}
