"""Which sources a room's configuration asks for. Opens none of them."""

from __future__ import annotations

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

Settings = SyntheticSource | FileSource | RtspSource | V4l2Source | MicrophoneSource


@dataclass(frozen=True, slots=True)
class PlannedSource:
    source: Source
    tracks: frozenset[TrackKind]


def plan_sources(configuration: RoomConfiguration) -> list[PlannedSource]:
    """One source for both tracks when camera and microphone are the same; else one each; no microphone, none."""
    camera, sound = configuration.camera, configuration.microphone
    if sound is None:
        return [_planned(camera, frozenset({"video"}), configuration.picture)]
    if sound == camera:
        return [_planned(camera, frozenset({"video", "audio"}), configuration.picture)]
    return [
        _planned(camera, frozenset({"video"}), configuration.picture),
        _planned(sound, frozenset({"audio"}), configuration.picture),
    ]


def _planned(settings: Settings, tracks: frozenset[TrackKind], picture: PictureSettings) -> PlannedSource:
    return PlannedSource(make_source(settings, tracks, picture), tracks)


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
