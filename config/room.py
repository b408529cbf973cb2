"""What the centre decides for one room: sources, picture, retention. Signed by the centre, checked on both ends."""

from __future__ import annotations

from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from config.pattern import check_pattern


def _is_timezone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:  # unknown, not a plain name, a folder of the zone database
        raise ValueError(f"{name!r} is not a time zone name; use one such as Asia/Shanghai") from error
    return name


def _is_pattern(text: str) -> str:
    check_pattern(text)
    return text


Identifier = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
Timezone = Annotated[str, AfterValidator(_is_timezone)]
CasePattern = Annotated[str, AfterValidator(_is_pattern)]
DEFAULT_TIMEZONE = "Asia/Shanghai"
DEFAULT_CASE_PATTERN = r"^[A-Z0-9][A-Z0-9-]{3,31}$"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SyntheticSource(_Strict):
    """A made picture and sound with stamps, so that loss and offset can be measured from any recording."""

    kind: Literal["synthetic"] = "synthetic"


class FileSource(_Strict):
    """A media file, paced as if live and looped. Gives picture, sound or both, whatever it holds."""

    kind: Literal["file"] = "file"
    path: str = Field(min_length=1)


class RtspSource(_Strict):
    """A network camera over TCP.

    `copy_video` keeps the camera's own H.264: no text on the picture, cuts at the camera's own key frames.
    """

    kind: Literal["rtsp"] = "rtsp"
    url: str = Field(pattern=r"^rtsps?://[^@\s]+$", description="without user name and password")
    username: str = ""
    password: str = ""
    copy_video: bool = False


class V4l2Source(_Strict):
    kind: Literal["v4l2"] = "v4l2"
    device: str = Field(pattern=r"^/dev/", description="better /dev/v4l/by-id/… than /dev/video0")
    input_format: Literal["mjpeg", "raw"] = "mjpeg"


class MicrophoneSource(_Strict):
    kind: Literal["microphone"] = "microphone"
    device: str = Field("", description="name or id of the sound card as PortAudio lists it; empty: the default one")
    channels: Literal[1, 2] = 1
    latency_ms: int = Field(200, ge=50, le=2000)


CameraSource = Annotated[SyntheticSource | FileSource | RtspSource | V4l2Source, Field(discriminator="kind")]
SoundSource = Annotated[SyntheticSource | FileSource | RtspSource | MicrophoneSource, Field(discriminator="kind")]


class PictureSettings(_Strict):
    width: int = Field(1280, ge=320, le=3840, multiple_of=2)
    height: int = Field(720, ge=180, le=2160, multiple_of=2)
    rate: int = Field(25, ge=5, le=30, description="pictures a second")
    bitrate_kbps: int = Field(2000, ge=200, le=20000)
    preset: Literal["ultrafast", "superfast", "veryfast", "faster"] = "veryfast"


class SoundSettings(_Strict):
    bitrate_kbps: int = Field(96, ge=32, le=256)


class SpoolSettings(_Strict):
    segment_s: int = Field(10, ge=4, le=30)
    keep_receipted_hours: int = Field(72, ge=0, le=24 * 90, description="how long the room keeps what the archive has")
    reserve_mb: int = Field(500, ge=50, description="space on the disk that recording leaves free")


class RoomConfiguration(_Strict):
    """One version of a room's configuration. A recorder takes no version older than the one it has."""

    format: Literal["shilu-room-1"] = "shilu-room-1"
    version: int = Field(ge=1)
    device: Identifier
    room: Identifier
    room_name: str = Field(min_length=1, max_length=60)
    unit_name: str = Field(min_length=1, max_length=60)
    camera: CameraSource = SyntheticSource()
    microphone: SoundSource | None = Field(
        SyntheticSource(),
        description="None: no microphone; a source equal to the camera's is opened once for both",
    )
    picture: PictureSettings = PictureSettings()
    sound: SoundSettings = SoundSettings()
    spool: SpoolSettings = SpoolSettings()
    timezone: Timezone = DEFAULT_TIMEZONE
    case_pattern: CasePattern = DEFAULT_CASE_PATTERN
