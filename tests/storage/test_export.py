"""What leaves the archive: playlists, joined files and packages."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import subprocess
import zipfile
from pathlib import Path

import av
import pytest

from storage.export import PackageContents, SegmentLost, build_package
from storage.joining import JoiningError, join_segments, joined_fragments, split_stretches
from storage.key_record import centre_key_record, device_key_record
from storage.manifest import SegmentManifest
from storage.playlist import PlaylistGap, PlaylistSegment, hls_playlist
from storage.verification import verify
from tests.storage.recordings import NS, START_NS, Room


@pytest.fixture
def room(tmp_path: Path) -> Room:
    room = Room(tmp_path / "spool")
    room.note()
    room.record_run("1" * 32)
    room.record_gap(60)
    room.record_run("2" * 32, segments=2)
    return room


def _contents(room: Room) -> PackageContents:
    return PackageContents(
        session="5" * 32,
        made_wall_ns=START_NS,
        entries=room.entries,
        segments=room.segments,
        keys=[
            device_key_record(room.key.public, room.device, room.room, START_NS),
            centre_key_record(room.centre.public, START_NS),
        ],
        receipts={(item.device, item.number): room.receipt(item) for item in room.segments},
    )


@pytest.fixture
def package(room: Room, tmp_path: Path) -> Path:
    directory = tmp_path / "package"
    data = b"".join(build_package(_contents(room), room.open_segment))
    zipfile.ZipFile(io.BytesIO(data)).extractall(directory)
    return directory


def test_a_joined_file_plays_and_holds_every_signed_fragment(room: Room, tmp_path: Path) -> None:
    stretch = split_stretches(room.segments)[0]
    joined = b"".join(join_segments(stretch, map(room.open_segment, stretch)))
    last = joined_fragments(stretch)[-1]
    assert len(joined) == last.offset + last.size
    for item in joined_fragments(stretch):
        assert hashlib.sha256(joined[item.offset : item.offset + item.size]).hexdigest() == item.sha256
    path = tmp_path / "joined.mp4"
    path.write_bytes(joined)
    command = ["ffprobe", "-v", "error", "-count_frames", "-show_entries"]
    command += ["format=duration:stream=codec_name,nb_read_frames", "-of", "json", path]
    probed = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    assert float(probed["format"]["duration"]) == pytest.approx(6, abs=0.1)
    assert probed["streams"][0] == {"codec_name": "h264", "nb_read_frames": "150"}


def test_a_joined_file_seeks_to_a_segment_in_mid_run(room: Room) -> None:
    stretch = split_stretches(room.segments)[0][1:]
    joined = b"".join(join_segments(stretch, map(room.open_segment, stretch)))
    with av.open(io.BytesIO(joined)) as container:
        container.seek(int(4.5 * av.time_base))
        frame = next(container.decode(video=0))
        assert frame.time == pytest.approx(4, abs=0.05)  # the key frame before


def test_stretches_end_where_the_recording_was_broken(room: Room) -> None:
    segments = [item for item in room.segments if (item.run, item.sequence) != ("1" * 32, 1)]
    found = [[(item.run[0], item.sequence) for item in stretch] for stretch in split_stretches(reversed(segments))]
    assert found == [[("1", 0)], [("1", 2)], [("2", 0), ("2", 1)]]


def test_changed_footage_is_never_joined(room: Room) -> None:
    stretch = split_stretches(room.segments)[1]
    opened = bytearray(room.open_segment(stretch[1]))
    opened[-1] ^= 1
    with pytest.raises(JoiningError) as caught:
        b"".join(join_segments(stretch, [room.open_segment(stretch[0]), bytes(opened)]))
    assert caught.value.code == "bytes-differ"


def test_a_package_streams_and_is_a_whole_zip(room: Room, package: Path) -> None:
    pieces = list(build_package(_contents(room), room.open_segment))
    assert max(map(len, pieces)) < 200_000
    names = {path.relative_to(package).as_posix() for path in package.rglob("*") if path.is_file()}
    assert {"VERIFY.txt", "package.json", "SHA256SUMS", "footage/001.mp4", "footage/002.mp4"} <= names
    assert len([name for name in names if name.endswith(".jws")]) == 7 + 5
    assert zipfile.ZipFile(io.BytesIO(b"".join(pieces))).testzip() is None


@pytest.mark.parametrize(
    ("lost", "frames"),
    [({("1", 1)}, [50, 50, 100]), ({("1", 0)}, [100, 100]), ({("2", 0), ("2", 1)}, [150]), ({("1", 2)}, [100, 100])],
    ids=["inside", "first", "a whole run", "last"],
)
def test_a_lost_segment_is_left_out_and_told_of(
    room: Room, tmp_path: Path, lost: set[tuple[str, int]], frames: list[int]
) -> None:
    def open_segment(manifest: SegmentManifest) -> bytes:
        if (manifest.run[0], manifest.sequence) in lost:
            raise SegmentLost("segment-damaged", "坏了。", "It is damaged.")
        return room.open_segment(manifest)

    package = tmp_path / "package"
    zipfile.ZipFile(io.BytesIO(b"".join(build_package(_contents(room), open_segment)))).extractall(package)
    subprocess.run(["sha256sum", "-c", "--quiet", "SHA256SUMS"], cwd=package, check=True)
    found = []
    for path in sorted((package / "footage").glob("*.mp4")):
        with av.open(path) as file:
            found.append(sum(1 for _ in file.decode(video=0)))
        for line in path.with_suffix(".fragments.txt").read_text().splitlines()[1:]:
            offset, size, sha256, _ = line.split()
            assert hashlib.sha256(path.read_bytes()[int(offset) :][: int(size)]).hexdigest() == sha256
    assert found == frames
    report = verify(package, [room.key.public], [room.centre.public])
    names = [
        f"entries/{room.device}-{item.number:010d}.jws"
        for item in room.segments
        if (item.run[0], item.sequence) in lost
    ]
    assert (report.problem, report.left_out) == (None, names)
    told = (package / "DAMAGED.txt").read_text(encoding="utf-8-sig")
    assert all(name in told for name in names)
    assert told.count("坏了。") == told.count("It is damaged.") == len(lost)


def test_a_package_verifies_with_plain_tools_as_its_text_says(room: Room, package: Path) -> None:
    sums = subprocess.run(["sha256sum", "-c", "SHA256SUMS"], cwd=package, capture_output=True, check=True, text=True)
    assert "FAILED" not in sums.stdout
    text = (package / "VERIFY.txt").read_text(encoding="utf-8-sig")
    lines = [line.strip() for line in text.splitlines()]
    commands = [line for line in lines if line.startswith(("cut ", "printf ", "openssl ")) and "DEVICE" not in line][:3]
    key = next((package / "keys").glob(f"{room.device}*.pem")).name
    script = f"f=entries/{room.device}-0000000002.jws\n" + "\n".join(commands).replace("设备.pem", key)
    run = subprocess.run(["sh", "-c", script], cwd=package, capture_output=True, check=True, text=True)
    assert "Signature Verified Successfully" in run.stdout
    offset, length, sha256, _ = (package / "footage/001.fragments.txt").read_text().splitlines()[3].split()
    cut = f"tail -c +$(({offset}+1)) footage/001.mp4 | head -c {length} | sha256sum"
    assert (
        subprocess.run(["sh", "-c", cut], cwd=package, capture_output=True, check=True, text=True).stdout[:64] == sha256
    )


def test_every_tool_that_the_text_names_is_there() -> None:
    assert [tool for tool in ("openssl", "age", "sha256sum", "base64") if shutil.which(tool) is None] == []


def test_playlist_tells_runs_dates_and_gaps() -> None:
    segments = [
        PlaylistSegment(
            f"s{index}", f"init-{run}", run, index, START_NS + index * 10 * NS + 250_000_000, 900_000 + index
        )
        for index, run in enumerate(["a", "a", "b"])
    ]
    gap = PlaylistGap(START_NS + 20 * NS, START_NS + 21 * NS, "all", "crashed")
    assert hls_playlist(segments, [gap]) == (
        "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:11\n#EXT-X-MEDIA-SEQUENCE:0\n#EXT-X-PLAYLIST-TYPE:VOD\n"
        "#EXT-X-INDEPENDENT-SEGMENTS\n"
        '#EXT-X-DATERANGE:ID="gap-0",CLASS="shilu-gap",START-DATE="2027-01-15T08:00:20.000Z",DURATION=1.000,'
        'X-TRACK="all",X-CAUSE="crashed"\n'
        '#EXT-X-MAP:URI="init-a"\n#EXT-X-PROGRAM-DATE-TIME:2027-01-15T08:00:00.250Z\n#EXTINF:10.000000,\ns0\n'
        "#EXT-X-PROGRAM-DATE-TIME:2027-01-15T08:00:10.250Z\n#EXTINF:10.000011,\ns1\n"
        '#EXT-X-DISCONTINUITY\n#EXT-X-MAP:URI="init-b"\n#EXT-X-PROGRAM-DATE-TIME:2027-01-15T08:00:20.250Z\n'
        "#EXTINF:10.000022,\ns2\n#EXT-X-ENDLIST\n"
    )


def test_an_unfinished_playlist_may_grow_and_an_empty_one_is_valid() -> None:
    assert "#EXT-X-ENDLIST" not in hls_playlist([], ended=False)
    assert "#EXT-X-PLAYLIST-TYPE:EVENT" in hls_playlist([], ended=False)
