"""Which sources a room's configuration asks for. Opens none of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from config.room import (
    FileSource,
    MicrophoneSource,
    PictureSettings,
    RoomConfiguration,
    RtspSource,
    SyntheticSource,
    V4l2Source,
)
from edge.capture import media_file, microphone, rtsp, synthetic, v4l2
from edge.capture.source import Source, TrackKind
from storage.manifest import SourceName

Settings = SyntheticSource | FileSource | RtspSource | V4l2Source | MicrophoneSource


@dataclass(frozen=True, slots=True)
class PlannedSource:
    """`names`: what is taken from it, and as what."""

    source: Source
    names: Mapping[TrackKind, SourceName]


def plan_sources(configuration: RoomConfiguration) -> list[PlannedSource]:
    """One source for both tracks when camera and microphone are the same; else one each; no microphone, none."""
    wanted: list[tuple[Settings, dict[TrackKind, SourceName]]] = [(configuration.camera, {"video": "camera"})]
    if configuration.microphone is not None:
        wanted.append((configuration.microphone, {"audio": "microphone"}))
    if configuration.second_camera is not None:
        wanted.append((configuration.second_camera.camera, {"video": "second-camera"}))
    if configuration.second_microphone is not None:
        wanted.append((configuration.second_microphone.microphone, {"audio": "second-microphone"}))
    together: list[tuple[Settings, dict[TrackKind, SourceName]]] = []
    for settings, names in wanted:
        shared = next((known for one, known in together if one == settings and not known.keys() & names.keys()), None)
        if shared is None:
            together.append((settings, names))
        else:
            shared.update(names)
    return [
        PlannedSource(make_source(settings, frozenset(names), configuration.picture), names)
        for settings, names in together
    ]


def make_source(settings: Settings, tracks: frozenset[TrackKind], picture: PictureSettings) -> Source:
    if isinstance(settings, SyntheticSource):
        return synthetic.SyntheticSource(picture.width, picture.height, picture.rate, tracks)
    if isinstance(settings, FileSource):
        return media_file.FileSource(settings, tracks)
    if isinstance(settings, RtspSource):
        return rtsp.RtspSource(settings, tracks)
    if isinstance(settings, V4l2Source):
        return v4l2.V4l2Source(settings, picture)
    return microphone.MicrophoneSource(settings)
