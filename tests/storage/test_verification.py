"""What a verification finds: nothing in what is whole, and the first bad thing in what is not."""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import sqlite3
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from storage.export import PackageContents, build_package
from storage.key_record import centre_key_record, device_key_record
from storage.layout import manifest_key, receipt_key, sealed_key, tag_key
from storage.manifest import GapCause, SegmentManifest
from storage.sealing import SealedWriter, generate_identity, save_identity, seal_bytes
from storage.signing import SigningKey
from storage.verification import Report, verify
from storage.verify_command import app
from tests.storage.recordings import NS, START_NS, Room

RUN_1, RUN_2 = "1" * 32, "2" * 32


@pytest.fixture
def room(tmp_path: Path) -> Room:
    room = Room(tmp_path / "data/recorder/spool")
    room.note()
    room.record_run(RUN_1)
    room.record_gap(60, GapCause.CRASHED)
    room.record_run(RUN_2, segments=2)
    return room


def _archive(room: Room, directory: Path) -> Path:
    """As the centre lays it out."""
    for manifest, jws in room.entries:
        files = {manifest_key(manifest): jws.encode()}
        if isinstance(manifest, SegmentManifest):
            files[sealed_key(manifest)] = room.segment_path(manifest.run, manifest.sequence).read_bytes()
            files[receipt_key(manifest)] = room.receipt(manifest).encode()
        for name, data in files.items():
            (directory / name).parent.mkdir(parents=True, exist_ok=True)
            (directory / name).write_bytes(data)
    for record in (
        device_key_record(room.key.public, room.device, room.room, START_NS),
        centre_key_record(room.centre.public, START_NS),
    ):
        (directory / record.object_key).parent.mkdir(parents=True, exist_ok=True)
        (directory / record.object_key).write_text(record.model_dump_json())
    return directory


def _index(room: Room, receipted: list[SegmentManifest]) -> None:
    with sqlite3.connect(room.spool / "index.sqlite") as database:
        database.execute("CREATE TABLE entries (number INTEGER PRIMARY KEY, receipt TEXT)")
        rows = [(manifest.number, room.receipt(manifest)) for manifest in receipted]
        database.executemany("INSERT INTO entries VALUES (?, ?)", rows)
    database.close()


def _check(room: Room, path: Path | None = None) -> Report:
    return verify(path or room.spool, [room.key.public], [room.centre.public], room.opener)


def test_a_whole_spool_is_sound_and_counted(room: Room, tmp_path: Path) -> None:
    report = _check(room, tmp_path / "data")
    assert report.problem is None
    assert (report.kind, report.devices, report.entries, report.segments, report.gaps, report.notes) == (
        "spool", 1, 7, 5, 1, 1,
    )  # fmt: skip
    assert (report.sealed_checked, report.opened_checked) == (5, 5)
    assert report.recorded_s == pytest.approx(10, abs=0.1)
    assert report.gap_s == 60


def test_a_whole_archive_is_sound_with_the_keys_in_it(room: Room, tmp_path: Path) -> None:
    archive = _archive(room, tmp_path / "archive")
    tag = seal_bytes(b"{}", room.opener.recipients)
    path = archive / tag_key(hashlib.sha256(tag).hexdigest())
    path.parent.mkdir()
    path.write_bytes(tag)
    report = verify(archive)
    assert report.problem is None
    assert (report.kind, report.keys_from_evidence, report.receipts_checked) == ("archive", True, 5)
    assert (report.sealed_checked, report.opened_checked, report.tags_checked) == (5, 0, 1)
    path.write_bytes(tag + b"x")
    assert _problem(verify(archive)) == "tag-differs"


def test_with_the_centres_key_only_keys_that_it_signed_are_taken_from_an_archive(room: Room, tmp_path: Path) -> None:
    archive = _archive(room, tmp_path / "archive")
    assert _problem(verify(archive, centre_keys=[room.centre.public])) == "no-key"
    record = device_key_record(room.key.public, room.device, room.room, START_NS)
    (archive / record.object_key).write_text(record.signed_by(room.centre).model_dump_json())
    forged = device_key_record(SigningKey.generate().public, room.device, room.room, START_NS)
    (archive / forged.object_key).write_text(forged.model_dump_json())
    report = verify(archive, centre_keys=[room.centre.public])
    assert report.problem is None
    assert report.fingerprints == [room.key.public.fingerprint]


def test_a_whole_package_is_sound_and_spliced_footage_is_not(room: Room, tmp_path: Path) -> None:
    contents = PackageContents(
        session="5" * 32,
        made_wall_ns=START_NS,
        entries=room.entries[2:],  # a package may begin in mid-chain
        segments=room.segments[1:],
        keys=[device_key_record(room.key.public, room.device, room.room, START_NS)],
    )
    package = tmp_path / "package"
    zipfile.ZipFile(io.BytesIO(b"".join(build_package(contents, room.open_segment)))).extractall(package)
    report = verify(package)
    assert (report.problem, report.kind, report.segments, report.not_here) == (None, "package", 4, 0)
    assert report.fragments_checked > 8
    whole = (package / "footage/001.mp4").read_bytes()
    for changed, code in (
        (whole[:-1], "footage-differs"),
        (whole[:-1] + bytes([whole[-1] ^ 1]), "unsigned-footage"),
        (whole + b"\0\0\0\x10uuid" + bytes(8), "footage-differs"),
    ):
        (package / "footage/001.mp4").write_bytes(changed)
        assert _problem(verify(package)) == code
    (package / "footage/001.mp4").unlink()
    assert verify(package).not_here == 2
    shutil.copy(package / "footage/002.mp4", package / "footage/003.mp4")
    assert _problem(verify(package)) == "unsigned-footage"


def _problem(report: Report) -> str:
    assert report.problem is not None
    assert report.problem.message
    assert report.problem.message_en
    return report.problem.code


def _flip(path: Path, at: int = -1) -> None:
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)


def _reseal(room: Room, data: bytes) -> None:
    """Put other sealed bytes in the first segment's place: sealed is what an attacker with public keys can do."""
    path = room.segment_path(RUN_1, 0)
    path.unlink()
    with SealedWriter(path, room.opener.recipients) as writer:
        writer.write(data)
        writer.finish()


TAMPERED: dict[str, tuple[Callable[[Room], object], str, str]] = {
    "an edited entry": (lambda room: _flip(room.entry_path(3), 200), "", "0000000003.jws"),
    "an entry's signature": (lambda room: _flip(room.entry_path(3), -5), "", "0000000003.jws"),
    "a missing entry": (lambda room: room.entry_path(3).unlink(), "chain-hole", "0000000004.jws"),
    "the first entry missing": (lambda room: room.entry_path(1).unlink(), "chain-hole", "0000000002.jws"),
    "swapped entries": (
        lambda room: shutil.copy(room.entry_path(4), room.entry_path(3)), "chain-hole", "0000000003.jws",
    ),
    "sealed bytes": (lambda room: _flip(room.segment_path(RUN_1, 1)), "sealed-differs", "0000000003.jws"),
    "cut sealed bytes": (
        lambda room: os.truncate(room.segment_path(RUN_1, 1), 500), "sealed-differs", "0000000003.jws",
    ),
    "other sealed bytes": (lambda room: _reseal(room, b"x" * 5000), "sealed-differs", "0000000002.jws"),
    "a missing segment": (lambda room: room.segment_path(RUN_2, 0).unlink(), "bytes-missing", "0000000006.jws"),
    "not text": (lambda room: room.entry_path(2).write_bytes(b"\xff\0"), "unreadable", "0000000002.jws"),
    "not a JWS": (lambda room: room.entry_path(2).write_bytes(b"a.b"), "not-canonical", "0000000002.jws"),
}  # fmt: skip


@pytest.mark.parametrize("what", TAMPERED)
def test_the_first_bad_thing_is_named_with_its_place(room: Room, what: str) -> None:
    tamper, code, place = TAMPERED[what]
    tamper(room)
    report = _check(room)
    found = _problem(report)
    assert report.problem is not None
    assert code in {"", found}
    assert report.problem.place.endswith(place)
    assert place in report.problem.message_en


def test_another_devices_key_proves_nothing(room: Room) -> None:
    assert _problem(verify(room.spool, [SigningKey.generate().public])) == "unknown-key"
    assert _problem(verify(room.spool)) == "no-key"


def test_two_histories_at_one_place_are_found(room: Room) -> None:
    other = Room(room.spool.parent / "other", key=room.key)
    other.note()
    other.record_gap(5)
    shutil.copy(other.entry_path(2), room.spool / "chain/copied.jws")
    assert _problem(_check(room)) in {"second-head", "chain-broken"}


def test_a_second_copy_of_the_same_entry_is_no_fault(room: Room) -> None:
    shutil.copy(room.entry_path(3), room.spool / "chain/copied.jws")
    assert _check(room).problem is None


def test_a_break_that_no_gap_explains_is_found(tmp_path: Path) -> None:
    room = Room(tmp_path)
    room.record_run(RUN_1, segments=2)
    room.wall_ns += 90 * NS
    room.record_run(RUN_2, segments=2)
    report = _check(room)
    assert _problem(report) == "unexplained-break"
    assert report.problem is not None
    assert "2027-01-15 08:00:04 UTC – 2027-01-15 08:01:34 UTC" in report.problem.message_en


def test_pruned_bytes_need_a_receipt(room: Room) -> None:
    first, second = room.segments[:2]
    room.segment_path(first.run, first.sequence).unlink()
    _index(room, [first, second])
    report = _check(room)
    assert (report.problem, report.pruned, report.receipts_checked) == (None, 1, 2)
    forged = Room(room.spool, key=room.key, centre=SigningKey.generate(), entries=room.entries)
    (room.spool / "index.sqlite").unlink()
    _index(forged, [first])
    assert _problem(_check(room)) == "receipt-key"


def test_expired_footage_is_excused_by_the_signed_gap_that_names_it(room: Room) -> None:
    first, second, _ = room.segments[:3]
    room.segment_path(first.run, first.sequence).unlink()
    assert _problem(_check(room)) == "bytes-missing"
    room.record_expired(second.run, first=second.number, last=second.number)
    room.record_expired("f" * 32, first=first.number, last=first.number)
    room.record_gap(0, GapCause.EXPIRED_UNARCHIVED)
    assert _problem(_check(room)) == "bytes-missing"
    room.record_expired(first.run, first=first.number, last=first.number)
    report = _check(room)
    assert (report.problem, report.expired) == (None, 1)


def test_an_archive_that_lost_receipted_bytes_is_not_sound(room: Room, tmp_path: Path) -> None:
    archive = _archive(room, tmp_path / "archive")
    manifest = room.segments[0]
    (archive / sealed_key(manifest)).unlink()
    assert _problem(_check(room, archive)) == "bytes-missing"
    (archive / receipt_key(manifest)).unlink()
    report = _check(room, archive)
    assert (report.problem, report.not_here) == (None, 1)


def test_footage_that_does_not_match_or_play_is_found_with_the_identity_alone(tmp_path: Path) -> None:
    """A device that signs something else than it sealed: only opening shows it."""
    room = Room(tmp_path)
    room.record_run(RUN_1, segments=2)
    manifest, _ = room.entries.pop()
    assert isinstance(manifest, SegmentManifest)
    opened = manifest.opened.model_copy(update={"sha256": "0" * 64})
    room.append(manifest.model_copy(update={"opened": opened}))
    assert verify(room.spool, [room.key.public]).problem is None
    assert _problem(_check(room)) == "footage-differs"


def test_a_recovered_segment_opens_up_to_its_last_whole_fragment(tmp_path: Path) -> None:
    room = Room(tmp_path)
    room.record_run(RUN_1, segments=2)
    manifest, _ = room.entries.pop()
    assert isinstance(manifest, SegmentManifest)
    path = room.segment_path(RUN_1, 1)
    data = room.open_segment(manifest)
    path.unlink()
    with SealedWriter(path, room.opener.recipients) as writer:
        writer.write(data[: manifest.opened.fragments[1].offset])
        writer.pad()
        writer.sync()
    opened = manifest.opened.model_copy(
        update={"sha256": None, "fragments": manifest.opened.fragments[:1], "size": 65536}
    )
    torn = path.read_bytes()
    sealed = manifest.sealed.model_copy(update={"sha256": hashlib.sha256(torn).hexdigest(), "size": len(torn)})
    room.append(manifest.model_copy(update={"opened": opened, "sealed": sealed, "recovered": True}))
    report = _check(room)
    assert (report.problem, report.recovered, report.opened_checked) == (None, 1, 2)


# The command


def test_the_command_says_it_in_both_languages(room: Room, tmp_path: Path) -> None:
    identity = tmp_path / "identity"
    save_identity(identity, room.identity)
    arguments = [str(tmp_path / "data"), "--key", room.key.public.text, "--identity", str(identity), "--thorough"]
    run = CliRunner().invoke(app, [*arguments, "--lang", "zh"])
    assert run.exit_code == 0
    assert "通过：1 台设备，7 条签名记录（5 个片段、1 次中断、1 个事项）" in run.stdout
    _flip(room.segment_path(RUN_1, 1))
    run = CliRunner().invoke(app, [*arguments, "--lang", "en"])
    assert run.exit_code == 1
    assert "NOT SOUND: chain/0000000003.jws: The sealed segment has another hash than the signed one." in run.stdout


def test_the_command_prints_json_and_takes_keys_from_files(room: Room, tmp_path: Path) -> None:
    archive = _archive(room, tmp_path / "archive")
    (tmp_path / "device.json").write_text(
        device_key_record(room.key.public, room.device, room.room, START_NS).model_dump_json()
    )
    (tmp_path / "centre.txt").write_text(room.centre.public.text + "\n")
    keys = ["--key", str(tmp_path / "device.json"), "--centre-key", str(tmp_path / "centre.txt")]
    run = CliRunner().invoke(app, [str(archive), *keys, "--json"])
    assert run.exit_code == 0
    found = json.loads(run.stdout)
    assert (found["verified"], found["segments"], found["receipts_checked"]) == (True, 5, 5)


def test_the_command_refuses_what_is_no_key(room: Room, tmp_path: Path) -> None:
    assert CliRunner().invoke(app, [str(room.spool), "--key", "nonsense"]).exit_code == 2
    identity = tmp_path / "identity"
    save_identity(identity, generate_identity()[0])
    arguments = [str(room.spool), "--key", room.key.public.text, "--identity", str(identity), "--lang", "en"]
    run = CliRunner().invoke(app, arguments)
    assert run.exit_code == 1
    assert "This file was not sealed to this key." in run.stdout
    assert CliRunner().invoke(app, [str(tmp_path / "nowhere")]).exit_code == 1
