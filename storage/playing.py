"""Whether opened footage plays: decoded with av, first picture and sound at least. Judges no content."""

from __future__ import annotations

import io
from collections.abc import Iterable
from typing import Any

import av
import av.error

from storage.errors import StorageError
from storage.manifest import SegmentManifest


class NotPlayable(StorageError):
    """`no-track`, `no-picture`, `no-key-frame` or `not-decodable`."""


def check_plays(manifest: SegmentManifest, opened: bytes, *, thorough: bool = False) -> None:
    """Decode the first picture and sound of every track that `manifest` names; all of them when `thorough`.

    Raises NotPlayable. A recovered segment is cut after its last proved fragment first.
    """
    last = manifest.opened.fragments[-1]
    try:
        with av.open(io.BytesIO(opened[: last.offset + last.size])) as container:
            for kind in sorted({track.kind for track in manifest.tracks}, reverse=True):
                _check_track(container, kind, thorough)
    except av.error.FFmpegError as error:
        raise NotPlayable("not-decodable", "内容无法解码。", f"It can't be decoded: {error}.") from error


def _check_track(container: Any, kind: str, thorough: bool) -> None:
    streams = container.streams.video if kind == "video" else container.streams.audio
    if not streams:
        name = {"video": "画面", "audio": "声音"}[kind]
        raise NotPlayable("no-track", f"缺少{name}轨。", f"The {kind} track that was signed is not there.")
    container.seek(0)
    frames: Iterable[Any] = container.decode(streams[0])
    count = 0
    for frame in frames:
        if kind == "video" and count == 0 and not frame.key_frame:
            raise NotPlayable("no-key-frame", "开头不是关键帧。", "Its first picture is not a key frame.")
        count += 1
        if not thorough:
            break
    if count == 0:
        raise NotPlayable("no-picture", "没有可播放的内容。", f"Nothing can be played on its {kind} track.")
