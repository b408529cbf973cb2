"""Sealing while writing: what is counted as secured really is, at every size and at every cut."""

from __future__ import annotations

import hashlib
import os
import random
import subprocess
import tempfile
import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage.age_file import CHUNK_SIZE
from storage.boxes import free_box, split_fragments
from storage.sealing import (
    IdentityOpener,
    SealedWriter,
    SealingError,
    generate_identity,
    open_bytes,
    opened_length,
    save_identity,
)

IDENTITY, RECIPIENT = generate_identity()
_, RECOVERY = generate_identity()
OPENER = IdentityOpener(IDENTITY)


def _box(kind: bytes, size: int) -> bytes:
    return size.to_bytes(4) + kind + os.urandom(size - 8)


def _fragment(size: int) -> bytes:
    return _box(b"moof", 120) + _box(b"mdat", size)


def test_finished_file_opens_whole_and_reports_its_own_hash(tmp_path: Path) -> None:
    path = tmp_path / "000000.mp4.age.open"
    data = os.urandom(300_000)
    with SealedWriter(path, [RECIPIENT, RECOVERY]) as writer:
        for at in range(0, len(data), 7_001):
            writer.write(data[at : at + 7_001])
        result = writer.finish()
    sealed = path.read_bytes()
    assert (result.sha256, result.size) == (hashlib.sha256(sealed).hexdigest(), len(sealed))
    assert result.opened_size == len(data)
    assert open_bytes(sealed, OPENER) == data
    assert path.stat().st_mode & 0o777 == 0o600


SIZES = [1, 7, 8, 57, CHUNK_SIZE - 9, CHUNK_SIZE - 8, CHUNK_SIZE - 7, CHUNK_SIZE - 1, CHUNK_SIZE, CHUNK_SIZE + 1]
SIZES += [2 * CHUNK_SIZE - 1, 2 * CHUNK_SIZE, 2 * CHUNK_SIZE + 1, 250_000]


@pytest.mark.parametrize("size", SIZES + [random.Random(size).randrange(1, 400_000) for size in range(12)])
def test_padded_and_synced_bytes_survive_a_crash(tmp_path: Path, size: int) -> None:
    path = tmp_path / "segment"
    data = os.urandom(size)
    with SealedWriter(path, [RECIPIENT]) as writer:
        writer.write(data)
        assert writer.pending == size - writer.secured > 0  # age always holds back at least one byte
        needed = writer.pad_size()
        assert writer.pad() == needed
        writer.sync()
        assert writer.pending == 0
        assert writer.pad() == 0
        torn = path.read_bytes()  # what a crash would leave now
        assert size <= writer.secured == opened_length(path)
    opened = open_bytes(torn, OPENER, torn=True)
    assert opened[:size] == data
    assert (data + free_box(needed)).startswith(opened)


def test_small_writes_with_a_pad_each_keep_all_but_the_last(tmp_path: Path) -> None:
    path = tmp_path / "segment"
    written = bytearray()
    with SealedWriter(path, [RECIPIENT]) as writer:
        for size in (5_000, 61_000, 12, 70_000, 9):
            fragment = _fragment(size)
            assert writer.position == len(written)
            writer.write(fragment)
            written += fragment
            pad = writer.pad()
            written += free_box(pad) if pad else b""
            assert writer.pending == 0
        result = writer.finish()
    assert open_bytes(path.read_bytes(), OPENER) == bytes(written)
    assert result.opened_size == len(written)
    init, fragments = split_fragments(bytes(written))
    assert (init, len(fragments)) == (b"", 5)


def test_every_cut_keeps_what_opened_length_says(tmp_path: Path) -> None:
    """1,000 random cuts: each whole fragment before the stated length opens and hashes right."""
    dice = random.Random(7)
    path, data, proofs = tmp_path / "whole", bytearray(), []
    with SealedWriter(path, [RECIPIENT, RECOVERY]) as writer:
        while len(data) < 500_000:
            fragment = _fragment(dice.randrange(100, 40_000))
            proofs.append((len(data), len(fragment), hashlib.sha256(fragment).digest()))
            data += fragment
            writer.write(fragment)
        writer.finish()
    sealed, torn = path.read_bytes(), tmp_path / "torn"
    for _ in range(1000):
        cut = sealed[: dice.randrange(len(sealed))]
        torn.write_bytes(cut)
        length = opened_length(torn)
        if cut.find(b"\n--- ") < 0 or len(cut) < 1000:
            assert length == 0
            continue
        opened = open_bytes(cut, OPENER, torn=True)
        assert len(opened) == length > len(cut) - CHUNK_SIZE - 16 - 1000
        kept = [proof for proof in proofs if proof[0] + proof[1] <= length]
        assert all(hashlib.sha256(opened[at : at + size]).digest() == digest for at, size, digest in kept)


def test_a_hole_of_zeros_ends_what_is_believed(tmp_path: Path) -> None:
    path = tmp_path / "segment"
    with SealedWriter(path, [RECIPIENT]) as writer:
        writer.write(os.urandom(5 * CHUNK_SIZE + 1))
        writer.sync()
    sealed = bytearray(path.read_bytes())
    sealed[-2 * CHUNK_SIZE :] = bytes(2 * CHUNK_SIZE)
    path.write_bytes(sealed)
    assert opened_length(path) == 3 * CHUNK_SIZE
    assert len(open_bytes(bytes(sealed), OPENER, torn=True)) == opened_length(path)


@pytest.mark.parametrize("cut", [None, 200_000, 65_900])
def test_debians_age_reads_it_too(tmp_path: Path, cut: int | None) -> None:
    path, key = tmp_path / "segment.age", tmp_path / "identity"
    data = os.urandom(250_000)
    save_identity(key, IDENTITY)
    with SealedWriter(path, [RECIPIENT, RECOVERY]) as writer:
        writer.write(data)
        writer.finish()
    path.write_bytes(path.read_bytes()[:cut])
    run = subprocess.run(["age", "-d", "-i", key, path], capture_output=True, check=False)
    assert run.returncode == (0 if cut is None else 1)
    assert run.stdout == data[: None if cut is None else opened_length(path)]


def test_a_torn_file_is_refused_unless_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "segment"
    with SealedWriter(path, [RECIPIENT]) as writer:
        writer.write(os.urandom(200_000))
        writer.sync()
    with pytest.raises(SealingError, match="truncated"):
        open_bytes(path.read_bytes(), OPENER)


def test_another_identity_opens_nothing_even_torn(tmp_path: Path) -> None:
    path = tmp_path / "segment"
    with SealedWriter(path, [RECIPIENT]) as writer:
        writer.write(bytes(200_000))
        writer.finish()
    with pytest.raises(SealingError, match="not sealed to this key"):
        open_bytes(path.read_bytes()[:100_000], IdentityOpener(generate_identity()[0]), torn=True)


def _write_until_refused(path: Path) -> None:
    with open(path, "wb", buffering=0) as file, SealedWriter(file, [RECIPIENT]) as writer:
        for _ in range(100):
            writer.write(os.urandom(CHUNK_SIZE))


def test_a_full_disk_reaches_the_caller_and_no_thread_stays() -> None:
    before = threading.active_count()
    with pytest.raises(SealingError) as caught:
        _write_until_refused(Path("/dev/full"))
    assert caught.value.code == "disk-full"
    assert threading.active_count() == before


def test_an_existing_file_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "segment"
    path.write_bytes(b"kept")
    with pytest.raises(FileExistsError):
        SealedWriter(path, [RECIPIENT])
    assert path.read_bytes() == b"kept"


def test_no_recipient_or_a_wrong_one_is_refused_before_a_file_exists(tmp_path: Path) -> None:
    path = tmp_path / "segment"
    for recipients, code in (([], "no-recipients"), ([RECIPIENT, "age1nonsense"], "bad-recipient")):
        with pytest.raises(SealingError) as caught:
            SealedWriter(path, recipients)
        assert caught.value.code == code
    assert not path.exists()


def test_no_plain_bytes_reach_the_disk(tmp_path: Path) -> None:
    path = tmp_path / "segment"
    mark = b"plain footage that must never be seen"
    with SealedWriter(path, [RECIPIENT]) as writer:
        writer.write(mark * 5_000)
        writer.pad()
        writer.sync()
        assert mark not in path.read_bytes()
        writer.finish()
    assert mark not in path.read_bytes()
    assert list(tmp_path.iterdir()) == [path]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.one_of(st.integers(1, 200_000), st.sampled_from(["pad", "sync", "pending"])), max_size=12))
def test_any_order_of_calls_keeps_what_was_written(steps: list[int | str]) -> None:
    """With a hand-over far smaller than the pieces, so that every write has to wait."""
    expected = bytearray()
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "segment"
        with SealedWriter(path, [RECIPIENT], held_bytes=1000) as writer:
            for step in steps:
                if isinstance(step, int):
                    piece = os.urandom(step)
                    writer.write(piece)
                    expected += piece
                elif step == "pad":
                    size = writer.pad()
                    expected += free_box(size) if size else b""
                    assert writer.pending == 0
                elif step == "sync":
                    writer.sync()
                    assert open_bytes(path.read_bytes(), OPENER, torn=True) == expected[: writer.secured]
                else:
                    assert 0 <= writer.pending <= CHUNK_SIZE
            result = writer.finish()
        assert open_bytes(path.read_bytes(), OPENER) == bytes(expected)
    assert result.opened_size == len(expected)
