"""Footage of the second copy in a spool, an archive and a package: one verdict everywhere, and nothing of it can be
taken out unseen. The copy holds the very fragments of what it stands for."""

from __future__ import annotations

import io
import shutil
import zipfile
from pathlib import Path

import pytest
from typer.testing import CliRunner

from storage.export import PackageContents, build_package
from storage.key_record import centre_key_record, device_key_record
from storage.layout import manifest_key, receipt_key, sealed_key
from storage.manifest import GapCause, SegmentManifest
from storage.signing import jws_sha256
from storage.verification import Report, verify
from storage.verify_command import app
from tests.storage.recordings import START_NS, Room

RUN, COPY = "1" * 32, 500_000_000


@pytest.fixture
def room(tmp_path: Path) -> Room:
    """Three segments, the second one's file lost and brought from the second copy; a pause, a crash, another run."""
    room = Room(tmp_path / "spool")
    room.note()
    room.record_run(RUN)
    room.record_gap(30, GapCause.NOBODY_PRESENT)
    room.record_gap(5, GapCause.CRASHED)
    room.record_run("2" * 32, segments=2)
    lost, jws = next((one, jws) for one, jws in room.entries if isinstance(one, SegmentManifest) and one.sequence == 1)
    placed = {"sequence": COPY, "replaces": [jws_sha256(jws)]}
    room.append(SegmentManifest.model_validate(lost.model_dump() | room._common() | placed))
    room.segment_path(RUN, 1).rename(room.segment_path(RUN, COPY))
    room.note()
    return room


def held(room: Room) -> list[SegmentManifest]:
    return [one for one in room.segments if room.segment_path(one.run, one.sequence).exists()]


def archive(room: Room, directory: Path) -> Path:
    for manifest, jws in room.entries:
        files = {manifest_key(manifest): jws.encode()}
        if isinstance(manifest, SegmentManifest) and manifest in held(room):
            files[sealed_key(manifest)] = room.segment_path(manifest.run, manifest.sequence).read_bytes()
            files[receipt_key(manifest)] = room.receipt(manifest).encode()
        for name, data in files.items():
            (directory / name).parent.mkdir(parents=True, exist_ok=True)
            (directory / name).write_bytes(data)
    return directory


def package(room: Room, directory: Path) -> Path:
    contents = PackageContents(
        session="5" * 32,
        made_wall_ns=START_NS,
        entries=room.entries[1:],
        segments=held(room),
        keys=[
            device_key_record(room.key.public, room.device, room.room, START_NS),
            centre_key_record(room.centre.public, START_NS),
        ],
    )
    zipfile.ZipFile(io.BytesIO(b"".join(build_package(contents, room.open_segment)))).extractall(directory)
    return directory


def check(room: Room, path: Path) -> Report:
    return verify(path, [room.key.public], [room.centre.public])


def test_spool_archive_and_package_agree(room: Room, tmp_path: Path) -> None:
    for path in (room.spool, archive(room, tmp_path / "archive"), package(room, tmp_path / "package")):
        report = check(room, path)
        assert report.problem is None, path
        assert (report.replaced, report.not_here, report.left_out, report.pruned) == (1, 0, [], 0), path
        assert report.recorded_s == pytest.approx(10, abs=0.2), path  # what stands twice counts once
        assert (report.gap_s, report.calm_s) == (5, 30), path
    assert len(list((tmp_path / "package" / "footage").glob("*.mp4"))) == 4  # before, the copy, after, the other run


def test_it_is_said_in_words(room: Room) -> None:
    said = CliRunner().invoke(app, [str(room.spool), "--key", room.key.public.text, "--lang", "zh"]).stdout
    assert "1 个片段的原件缺失、损坏或不全，由第二份录像中签名的片段代替" in said
    assert "没有录像：断电或程序故障，已自动恢复，1 次，共 5 秒" in said
    assert "没有录像：无人，按配置不保存，1 次，共 30 秒" in said
    assert "中断 5 秒，按配置不保存 30 秒" in said
    said = CliRunner().invoke(app, [str(room.spool), "--key", room.key.public.text, "--lang", "en"]).stdout
    assert "segments of the second copy stand for them" in said
    assert "No footage: nobody was there, not kept as configured; 1 time(s), 30 s in all" in said


@pytest.mark.parametrize("kind", ["spool", "archive", "package"])
@pytest.mark.parametrize("taken", [3, 5, 6, 9], ids=["replaced original", "planned pause", "crash", "replacement"])
def test_no_entry_can_be_taken_out(room: Room, tmp_path: Path, kind: str, taken: int) -> None:
    place = {"spool": lambda: room.spool, "archive": lambda: archive(room, tmp_path / "e"),
             "package": lambda: package(room, tmp_path / "e")}[kind]()  # fmt: skip
    manifest = room.entries[taken - 1][0]
    name = {"spool": f"chain/{taken:010d}.jws", "archive": manifest_key(manifest),
            "package": f"entries/{manifest.device}-{taken:010d}.jws"}[kind]  # fmt: skip
    (place / name).unlink()
    problem = check(room, place).problem
    assert problem is not None
    assert problem.code == "chain-hole"
    assert f"{taken + 1:010d}" in problem.place or kind == "archive"
    assert str(taken) in problem.message


def test_the_replacements_bytes_can_not_be_taken_out(room: Room, tmp_path: Path) -> None:
    kept, given = archive(room, tmp_path / "archive"), package(room, tmp_path / "package")
    copy = next(one for one in room.segments if one.sequence == COPY)
    (kept / sealed_key(copy)).unlink()
    problem = check(room, kept).problem
    assert problem is not None
    assert (problem.code, problem.place) == ("bytes-missing", manifest_key(copy))
    shutil.copy(given / "footage/001.mp4", given / "footage/002.mp4")
    problem = check(room, given).problem
    assert problem is not None
    assert (problem.code, problem.place) == ("unsigned-footage", "footage/002.mp4")
    room.segment_path(RUN, COPY).unlink()
    problem = check(room, room.spool).problem
    assert problem is not None
    assert (problem.code, problem.place) == ("bytes-missing", f"chain/{copy.number:010d}.jws")
