"""A media file as a camera, a microphone or both: paced in real time, looped without a break."""

from __future__ import annotations

import heapq
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import av

from config.room import FileSource as FileSettings
from edge.capture.decoding import ContainerTracks, Picture, Sound
from edge.capture.frame import AudioBlock, Captured, VideoFrame
from edge.capture.source import SourceLost, SourceUnavailable, TrackKind

_TEXT_FORMATS = {"tty", "bin", "xbin", "adf", "idf"}  # FFmpeg draws any text file as a picture
_LATE_NS = 2_000_000_000
_MOST_AHEAD = 30  # pictures decoded ahead while the other track's next item is looked for


class FileSource:
    """Each item is taken at start + its media time; a file's tracks are put in order of time before."""

    def __init__(
        self,
        settings: FileSettings,
        tracks: frozenset[TrackKind],
        monotonic_ns: Callable[[], int] = time.monotonic_ns,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._path = settings.path
        self._wanted = tracks
        self._monotonic_ns = monotonic_ns
        self._sleep = sleep
        self._container: av.container.InputContainer | None = None
        self._items: Iterator[Picture | Sound] = iter(())
        self._next: Picture | Sound | None = None
        self._start_ns = 0

    def open(self) -> frozenset[TrackKind]:
        kinds = self._open_container().kinds
        if not kinds:
            raise SourceUnavailable(
                "file-without-media",
                "该文件里没有可用的画面或声音，请换一个音视频文件",
                "This file has neither a picture nor sound that can be used; choose another media file",
            )
        self._items = self._loop()
        self._next = None
        self._start_ns = self._monotonic_ns()
        return kinds

    def read(self, timeout_s: float) -> Captured | None:
        item = self._next or self._take()
        due_ns = self._start_ns + item.media_ns
        wait_s = (due_ns - self._monotonic_ns()) / 1e9
        if wait_s > timeout_s:
            self._next = item
            self._sleep(timeout_s)
            return None
        self._next = None
        if wait_s > 0:
            self._sleep(wait_s)
        elif wait_s < -_LATE_NS / 1e9:  # the machine stood still: go on from now, as a camera would
            self._start_ns = self._monotonic_ns() - item.media_ns
            due_ns = self._start_ns + item.media_ns
        if isinstance(item, Picture):
            return VideoFrame(due_ns, item.picture)
        return AudioBlock(due_ns, item.samples)

    def close(self) -> None:
        if self._container is not None:
            self._container.close()
            self._container = None

    def _take(self) -> Picture | Sound:
        try:
            return next(self._items)
        except (av.FFmpegError, OSError) as error:
            raise _unreadable(SourceLost, error) from None

    def _open_container(self) -> ContainerTracks:
        self.close()
        if not Path(self._path).is_file():
            raise SourceUnavailable(
                "file-missing",
                "找不到配置的音视频文件，请检查文件是否还在原处",
                "The configured media file is not there; check that it is still in its place",
            )
        try:
            self._container = av.open(self._path, "r")
        except (av.FFmpegError, OSError, ValueError) as error:
            raise _unreadable(SourceUnavailable, error) from None
        if self._container.format.name in _TEXT_FORMATS:
            raise _unreadable(SourceUnavailable, ValueError())
        return ContainerTracks(self._container, self._wanted)

    def _loop(self) -> Iterator[Picture | Sound]:
        """All items, again and again; each round begins where the longest track of the one before ended."""
        offset_ns = 0
        while True:
            end_ns = offset_ns
            for item in self._in_order():
                moved = _moved(item, offset_ns)
                end_ns = max(end_ns, _end_ns(moved, self._picture_ns()))
                yield moved
            if end_ns == offset_ns:
                raise SourceLost(
                    "file-empty", "该文件里没有可播放的内容，请换一个文件", "There is nothing to play in this file"
                )
            offset_ns = end_ns
            self._open_container()

    def _in_order(self) -> Iterator[Picture | Sound]:
        waiting: list[tuple[int, int, Picture | Sound]] = []
        counts = {Picture: 0, Sound: 0}
        tracks = ContainerTracks(self._container, self._wanted) if self._container else None
        needed = 2 if tracks and len(tracks.kinds) == 2 else 1
        for number, item in enumerate(self._decoded(tracks)):
            heapq.heappush(waiting, (item.media_ns, number, item))
            counts[type(item)] += 1
            while sum(count > 0 for count in counts.values()) == needed or counts[Picture] > _MOST_AHEAD:
                first = heapq.heappop(waiting)[2]
                counts[type(first)] -= 1
                yield first
        for _, _, item in sorted(waiting, key=lambda entry: entry[:2]):
            yield item

    def _decoded(self, tracks: ContainerTracks | None) -> Iterator[Picture | Sound]:
        if tracks is None or self._container is None:
            return
        base_ns = (self._container.start_time or 0) * 1000
        for packet in self._container.demux(*tracks.streams):
            for item in tracks.decode(packet):
                yield _moved(item, -base_ns)

    def _picture_ns(self) -> int:
        """How long one picture of this file stands."""
        streams = self._container.streams.video if self._container else ()
        rate = streams[0].average_rate if streams else None
        return int(1_000_000_000 / rate) if rate else 40_000_000


def _moved(item: Picture | Sound, by_ns: int) -> Picture | Sound:
    if isinstance(item, Picture):
        return Picture(item.media_ns + by_ns, item.picture)
    return Sound(item.media_ns + by_ns, item.samples)


def _end_ns(item: Picture | Sound, picture_ns: int) -> int:
    return item.media_ns + picture_ns if isinstance(item, Picture) else item.end_ns


def _unreadable(kind: type[SourceUnavailable] | type[SourceLost], error: Exception) -> SourceUnavailable | SourceLost:
    return kind(
        "file-unreadable",
        "无法读取该音视频文件，另一路照常录制。请换一个能正常播放的文件",
        f"The media file can't be read ({type(error).__name__}); the other track goes on. Choose a file that plays",
    )
