"""Reads --camera and --microphone: a device, an RTSP address or a media file becomes a room's source. Pure but for
looking whether a file is there and what it holds."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import av

from config.loading import SettingsError, check_settings
from config.room import FileSource, MicrophoneSource, RtspSource, SyntheticSource, V4l2Source

Source = dict[str, Any]


class BadSource(Exception):
    """What was given is no source; the text says what would be one."""


def camera_source(text: str | None) -> Source:
    """`text`: /dev/video0, rtsp://user:password@host/path, a media file, or None for the made picture."""
    if text is None:
        return SyntheticSource().model_dump()
    if text.startswith(("rtsp://", "rtsps://")):
        return _rtsp(text)
    if text.startswith("/dev/"):
        return _checked(V4l2Source, {"device": text})
    return _file(text, "video", "picture")


def microphone_source(text: str | None, camera: Source) -> Source | None:
    """`text`: a sound card as PortAudio names it, an RTSP address, a media file, `none`; None: what fits the camera.

    A file or a network camera brings its own sound; a V4L2 camera goes with the default microphone.
    """
    if text == "none":
        return None
    if text is None:
        return _that_fits(camera)
    if text.startswith(("rtsp://", "rtsps://")):
        return _rtsp(text)
    if Path(text).is_file():
        return _file(text, "audio", "sound")
    return _checked(MicrophoneSource, {"device": "" if text == "default" else text})


def _that_fits(camera: Source) -> Source | None:
    if camera["kind"] == "file":
        return camera if _holds(Path(camera["path"]), "audio") else None
    if camera["kind"] == "v4l2":
        return MicrophoneSource().model_dump()
    return camera


def _rtsp(text: str) -> Source:
    parts = urlsplit(text)
    host = parts.hostname or ""
    place = f"{host}:{parts.port}" if parts.port else host
    url = parts._replace(netloc=place).geturl()
    login = {"username": unquote(parts.username or ""), "password": unquote(parts.password or "")}
    return _checked(RtspSource, {"url": url, **login})


def _file(text: str, kind: str, word: str) -> Source:
    path = Path(text).expanduser().resolve()
    if not path.is_file():
        raise BadSource(f"{text}: no such file. Give a device (/dev/video0), an rtsp:// address or a media file")
    if not _holds(path, kind):
        raise BadSource(f"{text}: holds no {word} that can be read")
    return _checked(FileSource, {"path": str(path)})


def _holds(path: Path, kind: str) -> bool:
    try:
        with av.open(str(path), "r") as container:
            return any(stream.type == kind for stream in container.streams)
    except (av.FFmpegError, OSError, ValueError):
        return False


def _checked(model: Any, values: Source) -> Source:
    try:
        dumped: Source = check_settings(values, model, "source").model_dump()
    except SettingsError as error:
        raise BadSource(str(error)) from None
    return dumped
