"""A package of footage that a wrong clock signed: the correction goes along, both times are told, all verifies."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from storage.chain import AnyManifest
from storage.export import PackageContents, build_package
from storage.key_record import centre_key_record, device_key_record
from storage.manifest import ClockCorrection, NoteKind, NoteManifest
from storage.verification import verify
from tests.storage.recordings import START_NS, Room

DAY_NS = 86_400 * 10**9


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """Three segments of a clock that was not known; the note that dates them a day later comes after the stretch."""
    room = Room(tmp_path / "spool")
    room.record_run("1" * 32)
    stretch = list(room.entries)
    first = room.segments[0]
    correction = ClockCorrection(
        boot="b" * 32,
        first_number=first.number,
        last_number=room.segments[-1].number,
        wall_minus_mono_ns=first.start.wall_ns - first.start.mono_ns + DAY_NS,
    )
    room.append(NoteManifest(**room._common(), note=NoteKind.CLOCK_CORRECTED, correction=correction))
    later: list[tuple[AnyManifest, str]] = room.entries[len(stretch) :]
    contents = PackageContents(
        session="5" * 32,
        made_wall_ns=START_NS,
        entries=stretch,
        segments=room.segments,
        keys=[
            device_key_record(room.key.public, room.device, room.room, START_NS),
            centre_key_record(room.centre.public, START_NS),
        ],
        corrections=later,
    )
    directory = tmp_path / "package"
    data = b"".join(build_package(contents, room.open_segment))
    zipfile.ZipFile(io.BytesIO(data)).extractall(directory)
    return directory


def test_both_times_are_told_and_all_verifies(package: Path) -> None:
    report = verify(package)
    assert report.problem is None
    (found,) = report.redated
    assert found.start_wall_ns - found.signed_start_wall_ns == DAY_NS
    assert report.undated == 0
    text = (package / "TIMES.txt").read_text(encoding="utf-8-sig")
    assert f"{found.first_number:010d} – {found.last_number:010d}" in text


def test_a_correction_that_the_device_did_not_sign_is_not_sound(package: Path) -> None:
    (file,) = (package / "corrections").iterdir()
    head, body, signature = file.read_text().split(".")
    file.write_text(f"{head}.{body[:-3]}{'A' * 3}.{signature}")
    problem = verify(package).problem
    assert problem is not None
    assert problem.place.startswith("corrections/")
