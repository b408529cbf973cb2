"""A file plays as if it were live: in time, in order, again from the start without a break."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from config.room import FileSource as FileSettings
from edge.capture.frame import AudioBlock, VideoFrame
from edge.capture.media_file import FileSource
from edge.capture.source import SourceLost, SourceUnavailable, TrackKind
from tests.edge.capture.test_stamp import footage

BOTH: frozenset[TrackKind] = frozenset({"video", "audio"})


class HeldClock:
    """Sleeping moves it, so that seconds pass at once."""

    def __init__(self) -> None:
        self.now_ns = 5_000_000_000

    def read(self) -> int:
        return self.now_ns

    def sleep(self, seconds: float) -> None:
        self.now_ns += round(seconds * 1e9)


def play(source: FileSource, items: int) -> None:
    for _ in range(items):
        source.read(1)


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("film") / "film.mp4"
    path.write_bytes(footage(seconds=2))
    return path


def test_two_rounds_without_a_break(film: Path) -> None:
    clock = HeldClock()
    source = FileSource(FileSettings(path=str(film)), BOTH, clock.read, clock.sleep)
    assert source.open() == BOTH
    items = []
    while clock.now_ns < 10_000_000_000:
        item = source.read(0.25)
        if item is not None:
            assert item.mono_ns <= clock.now_ns
            items.append(item)
    source.close()
    frames = [item for item in items if isinstance(item, VideoFrame)]
    steps = [round((b.mono_ns - a.mono_ns) / 1e6) for a, b in itertools.pairwise(frames)]
    assert len(frames) in (125, 126)
    assert sorted(set(steps[:49])) == [40]
    assert max(steps) < 100  # where sound is a little longer than picture
    blocks = [item for item in items if isinstance(item, AudioBlock)]
    assert all(block.samples.shape[1] == 1 for block in blocks)
    assert [item.mono_ns for item in items] == sorted(item.mono_ns for item in items)


def test_only_what_is_wanted_is_given(film: Path) -> None:
    clock = HeldClock()
    source = FileSource(FileSettings(path=str(film)), frozenset({"audio"}), clock.read, clock.sleep)
    assert source.open() == {"audio"}
    assert all(isinstance(source.read(1), AudioBlock) for _ in range(50))
    source.close()


def test_a_missing_file_and_one_that_is_none(tmp_path: Path) -> None:
    text = tmp_path / "notes.bin"
    text.write_text("no film " * 100)
    with pytest.raises(SourceUnavailable) as missing:
        FileSource(FileSettings(path=str(tmp_path / "gone.mp4")), BOTH).open()
    with pytest.raises(SourceUnavailable) as unreadable:
        FileSource(FileSettings(path=str(text)), BOTH).open()
    assert (missing.value.code, unreadable.value.code) == ("file-missing", "file-unreadable")


def test_a_file_that_goes_away_is_said_to(film: Path, tmp_path: Path) -> None:
    clock = HeldClock()
    copy = tmp_path / "copy.mp4"
    copy.write_bytes(film.read_bytes())
    source = FileSource(FileSettings(path=str(copy)), BOTH, clock.read, clock.sleep)
    source.open()
    copy.unlink()
    with pytest.raises((SourceUnavailable, SourceLost)):
        play(source, 1000)
    source.close()
