"""Journals, tags, receipts, lists of recipients, key records and names: each opens only as what it is."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from storage.case_tag import PADDED_TO_BYTES, BadCaseTag, CaseTag, open_tag, seal_tag
from storage.disk import create_file, make_directories, replace_file
from storage.errors import StorageError
from storage.evidence import read_key
from storage.journal import JournalError, JournalHeader, JournalWriter, read_journal
from storage.key_record import centre_key_record, device_key_record
from storage.layout import (
    day_path,
    key_record_key,
    manifest_key,
    receipt_key,
    record_key,
    sealed_key,
    segment_key,
    tag_key,
)
from storage.manifest import FragmentProof, Moment
from storage.receipt import BadReceipt, Receipt, open_receipt, sign_receipt
from storage.record import BadRecord, read_record, write_record
from storage.sealing import IdentityOpener, SealingError, generate_identity, open_bytes, save_identity, seal_bytes
from storage.sealing_list import BadSealingList, Recipient, SealingList, open_sealing_list, sign_sealing_list
from storage.signing import RECEIPT_TYP, SEALING_TYP, BadSignature, SigningKey, sign_json
from tests.storage.recordings import NS, START_NS, TRACKS, Room

KEY = SigningKey.generate()
IDENTITY, RECIPIENT = generate_identity()
RECOVERY, RECOVERY_RECIPIENT = generate_identity()
HEX_1, HEX_2, DIGEST = "1" * 32, "2" * 32, "e" * 64
HEADER = JournalHeader(
    run=HEX_1,
    sequence=3,
    anchor=Moment(wall_ns=START_NS, mono_ns=5, pts_90k=0),
    tracks=TRACKS,
    init_size=100,
    init_sha256=DIGEST,
)
PROOFS = [
    FragmentProof(offset=100 * n, size=100, start_pts_90k=n, end_pts_90k=n + 1, sha256=f"{n:064x}") for n in range(5)
]


def _journal(path: Path) -> bytes:
    writer = JournalWriter(path, HEADER)
    for proof in PROOFS:
        writer.append(proof)
    writer.sync()
    writer.close()
    return path.read_bytes()


def test_a_journal_reads_back_and_is_created_once(tmp_path: Path) -> None:
    _journal(tmp_path / "j")
    contents = read_journal(tmp_path / "j")
    assert (contents.header, contents.fragments) == (HEADER, PROOFS)
    with pytest.raises(FileExistsError):
        JournalWriter(tmp_path / "j", HEADER)


def test_a_journal_torn_at_any_byte_keeps_its_whole_lines(tmp_path: Path) -> None:
    whole = _journal(tmp_path / "j")
    ends = [at for at, byte in enumerate(whole) if byte == 10]
    for cut in range(len(whole)):
        (tmp_path / "j").write_bytes(whole[:cut])
        if cut < ends[0]:
            with pytest.raises(JournalError):
                read_journal(tmp_path / "j")
        else:
            assert len(read_journal(tmp_path / "j").fragments) == sum(end <= cut for end in ends) - 1


def test_a_journal_with_a_hole_or_a_changed_line_ends_there(tmp_path: Path) -> None:
    whole = _journal(tmp_path / "j")
    lines = whole.split(b"\n")
    for damaged in (bytes(len(lines[3])), lines[3].replace(b'"size":100', b'"size":200'), b"", b"{}"):
        (tmp_path / "j").write_bytes(b"\n".join([*lines[:3], damaged, *lines[4:]]))
        assert read_journal(tmp_path / "j").fragments == PROOFS[:2]


def _tag(**changes: object) -> CaseTag:
    values = {"session": HEX_1, "case_id": "XF2026-0001", "officer": HEX_2, "signed_in": "offline"}
    return CaseTag.model_validate({**values, "made_wall_ns": START_NS, **changes})


def test_a_tag_opens_for_every_recipient_and_hides_its_length() -> None:
    sealed = seal_tag(_tag(), [RECIPIENT, RECOVERY_RECIPIENT])
    assert open_tag(sealed, IdentityOpener(IDENTITY)) == open_tag(sealed, IdentityOpener(RECOVERY)) == _tag()
    assert b"XF2026" not in sealed
    opener = IdentityOpener(IDENTITY)
    sizes = {len(open_bytes(seal_tag(_tag(case_id="X" * n), [RECIPIENT]), opener)) for n in (4, 64)}
    assert sizes == {PADDED_TO_BYTES}


def test_a_tag_is_not_shown_by_accident() -> None:
    assert "XF2026" not in repr(_tag(reason="XF2026")) + str(_tag())
    with pytest.raises(BadCaseTag) as caught:
        open_tag(seal_bytes(b'{"case_id": "XF2026-0001"}', [RECIPIENT]), IdentityOpener(IDENTITY))
    assert "XF2026" not in caught.value.message + caught.value.message_en
    assert caught.value.__cause__ is None
    with pytest.raises(BadCaseTag):
        open_tag(seal_bytes(b"\xff", [RECIPIENT]), IdentityOpener(IDENTITY))


def test_a_receipt_opens_with_the_centres_key_alone() -> None:
    receipt = Receipt(
        manifest_sha256=DIGEST,
        object_key="rooms/x",
        version_id="v",
        sealed_sha256=DIGEST,
        size=5,
        received_wall_ns=START_NS,
        store="local-not-worm",
    )
    jws = sign_receipt(receipt, KEY)
    assert open_receipt(jws, KEY.public) == receipt
    with pytest.raises(BadSignature):
        open_receipt(jws, SigningKey.generate().public)
    with pytest.raises(BadReceipt):
        open_receipt(sign_json({"format": "shilu-receipt-9"}, KEY, RECEIPT_TYP), KEY.public)


def test_a_list_of_recipients_is_signed_and_never_empty() -> None:
    whole = SealingList(version=2, recipients=[Recipient(name="archive", recipient=RECIPIENT)])
    assert open_sealing_list(sign_sealing_list(whole, KEY), KEY.public).texts == [RECIPIENT]
    with pytest.raises(BadSealingList) as caught:
        open_sealing_list(sign_sealing_list(SealingList(version=1, recipients=[]), KEY), KEY.public)
    assert caught.value.code == "no-recipients"
    wrong = {"version": 1, "recipients": [{"name": "archive", "recipient": "age1wrong"}]}
    with pytest.raises(BadSealingList, match="recipient"):
        open_sealing_list(sign_json(wrong, KEY, SEALING_TYP), KEY.public)
    with pytest.raises(ValidationError):
        Recipient(name="archive", recipient=IDENTITY)  # a secret where a public key belongs


def test_an_identity_file_is_private_and_refused_when_exposed(tmp_path: Path) -> None:
    path = tmp_path / "identity"
    save_identity(path, IDENTITY)
    assert IdentityOpener.load(path).recipients == [RECIPIENT]
    path.chmod(0o644)
    with pytest.raises(SealingError) as caught:
        IdentityOpener.load(path)
    assert caught.value.code == "key-exposed"
    for text in ("", "# only a comment", "AGE-SECRET-KEY-1", RECIPIENT, "AGE-SECRET-KEY-1QQQQ"):
        with pytest.raises(SealingError):
            IdentityOpener(text)


def test_key_records_tell_their_owner() -> None:
    device = device_key_record(KEY.public, HEX_1, HEX_2, START_NS)
    assert device.object_key == key_record_key(HEX_1, KEY.public.kid)
    assert centre_key_record(KEY.public, 0).object_key.startswith("records/keys/centre-")
    found = read_key(device.model_dump_json())
    assert found is not None
    assert (found.owner, found.key) == ("device", KEY.public)
    assert read_key("nonsense") is None
    with pytest.raises(ValidationError):
        device_key_record(KEY.public, "../x", HEX_2, 0)


def test_names_in_the_archive(tmp_path: Path) -> None:
    assert segment_key(HEX_1, START_NS, HEX_2, 7) == f"rooms/{HEX_1}/2027/01/15/{HEX_2}/000007.mp4.age"
    assert tag_key(DIGEST) == f"tags/{DIGEST}.age"
    assert record_key("holds", START_NS, HEX_1) == f"records/holds/2027/01/15/{HEX_1}.json"
    room = Room(tmp_path)
    room.note()
    room.record_run(segments=2)
    note, segment = room.entries[0][0], room.segments[0]
    assert manifest_key(note) == f"rooms/{room.room}/2027/01/15/chain/{room.device}-0000000001.jws"
    assert receipt_key(segment) == sealed_key(segment).replace(".mp4.age", ".receipt.jws")
    assert manifest_key(segment) == sealed_key(segment).replace(".mp4.age", ".jws")


@given(st.text(max_size=70))
def test_no_name_leaves_its_place(text: str) -> None:
    for name in (lambda: tag_key(text), lambda: segment_key(text, 0, HEX_1, 0), lambda: record_key("x/y", 0, text)):
        with pytest.raises(ValueError, match="can't be part"):
            name()
    with pytest.raises(ValueError, match="numbered"):
        segment_key(HEX_1, 0, HEX_1, 10**9)


def test_days_are_utc() -> None:
    assert day_path(START_NS) == "2027/01/15"
    assert (day_path(86_400 * NS - 1), day_path(86_400 * NS)) == ("1970/01/01", "1970/01/02")


def test_files_appear_whole_or_not_at_all(tmp_path: Path) -> None:
    make_directories(tmp_path / "a/b/c")
    path = tmp_path / "a/b/c/file"
    create_file(path, b"one")
    with pytest.raises(FileExistsError):
        create_file(path, b"two")
    replace_file(path, b"three")
    assert path.read_bytes() == b"three"
    assert os.listdir(path.parent) == ["file"]


def test_a_record_is_the_centres_own_or_none() -> None:
    name, data = write_record("releases", HEX_1, START_NS, {"hold": HEX_2}, [RECIPIENT], KEY)
    assert name == f"records/releases/2027/01/15/{HEX_1}.json"
    opener = IdentityOpener(IDENTITY)
    stranger = SigningKey.generate()
    assert read_record(name, data, [stranger.public, KEY.public], opener) == {"hold": HEX_2}
    _, forged = write_record("releases", HEX_1, START_NS, {"hold": HEX_1}, [RECIPIENT], stranger)
    with pytest.raises(BadSignature):
        read_record(name, forged, [KEY.public], opener)
    with pytest.raises(BadRecord):
        read_record(name.replace("releases", "holds"), data, [KEY.public], opener)
    for nonsense in (b"", b"{}", b"[]", b'{"signed": 5}'):
        with pytest.raises(StorageError):
            read_record(name, nonsense, [KEY.public], opener)


def test_a_key_record_says_whether_the_centre_vouches() -> None:
    centre = SigningKey.generate()
    record = device_key_record(KEY.public, HEX_1, HEX_2, START_NS)
    assert not record.is_signed([centre.public])
    signed = record.signed_by(centre)
    assert signed.is_signed([KEY.public, centre.public])
    assert not signed.is_signed([KEY.public])
    assert not signed.model_copy(update={"public_key": centre.public.text}).is_signed([centre.public])
