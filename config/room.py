"""What the centre decides for one room: sources, picture, retention. Signed by the centre, checked on both ends."""

from __future__ import annotations

from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, model_validator

from config.health import HealthSettings
from config.line import LineSettings
from config.pattern import check_pattern
from config.recording import RecordingSettings
from config.strict import Strict


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


class SyntheticSource(Strict):
    """A made picture and sound with stamps, so that loss and offset can be measured from any recording."""

    kind: Literal["synthetic"] = "synthetic"


class FileSource(Strict):
    """A media file, paced as if live and looped. Gives picture, sound or both, whatever it holds."""

    kind: Literal["file"] = "file"
    path: str = Field(min_length=1)


class RtspSource(Strict):
    """A network camera over TCP.

    `copy_video` keeps the camera's own H.264: no text on the picture, cuts at the camera's own key frames.
    """

    kind: Literal["rtsp"] = "rtsp"
    url: str = Field(pattern=r"^rtsps?://[^@\s]+$", description="without user name and password")
    username: str = ""
    password: str = ""
    copy_video: bool = False


class V4l2Source(Strict):
    kind: Literal["v4l2"] = "v4l2"
    device: str = Field(pattern=r"^/dev/", description="better /dev/v4l/by-id/… than /dev/video0")
    input_format: Literal["mjpeg", "raw"] = "mjpeg"


class MicrophoneSource(Strict):
    kind: Literal["microphone"] = "microphone"
    device: str = Field(
        "", description="name as PortAudio lists it, ALSA id, or link under /dev/snd/by-id; empty: the default one"
    )
    channels: Literal[1, 2] = 1
    latency_ms: int = Field(200, ge=50, le=2000)


CameraSource = Annotated[SyntheticSource | FileSource | RtspSource | V4l2Source, Field(discriminator="kind")]
SoundSource = Annotated[SyntheticSource | FileSource | RtspSource | MicrophoneSource, Field(discriminator="kind")]


class Box(Strict):
    """A place in the composed picture, in per cent of its width and height, from the top left corner."""

    x: float = Field(0, ge=0, le=92)
    y: float = Field(0, ge=0, le=92)
    width: float = Field(100, ge=8, le=100)
    height: float = Field(100, ge=8, le=100)

    @model_validator(mode="after")
    def _is_inside(self) -> Box:
        if self.x + self.width > 100 or self.y + self.height > 100:
            raise ValueError(
                f"{self.x} + {self.width} or {self.y} + {self.height} is more than 100: outside the picture"
            )
        return self


class SecondCamera(Strict):
    """Another camera in the same picture, drawn over the main one. The boxes may change while recording."""

    camera: CameraSource
    box: Box = Box(x=70, y=2, width=28, height=28)
    main_box: Box = Field(Box(), description="where the main camera stands")


class SecondMicrophone(Strict):
    """The visitor's microphone, on a channel of its own beside the officer's."""

    microphone: SoundSource


class SensorSettings(Strict):
    """Temperature and humidity on the picture.

    `json`: a file `{"temperature_c": 21.5, "humidity_pct": 40}` that some driver writes at least once a minute;
    `hwmon`: a folder of the kernel such as /sys/class/hwmon/hwmon2 with temp1_input and humidity1_input.
    """

    kind: Literal["json", "hwmon"]
    path: str = Field(pattern=r"^/")


class PictureSettings(Strict):
    width: int = Field(1280, ge=320, le=3840, multiple_of=2)
    height: int = Field(720, ge=180, le=2160, multiple_of=2)
    rate: int = Field(25, ge=5, le=30, description="pictures a second")
    bitrate_kbps: int = Field(2000, ge=200, le=20000)
    preset: Literal["ultrafast", "superfast", "veryfast", "faster"] = "veryfast"
    encoder: Literal["auto", "libx264"] = Field(
        "auto", description="auto: the PC's own encoder where a probe shows that it works, else libx264"
    )


class SoundSettings(Strict):
    bitrate_kbps: int = Field(96, ge=32, le=256)


class SpoolSettings(Strict):
    segment_s: int = Field(10, ge=4, le=30)
    keep_receipted_hours: int = Field(72, ge=0, le=24 * 90, description="how long the room keeps what the archive has")
    reserve_mb: int = Field(500, ge=50, le=50_000, description="space on the disk that recording leaves free")
    keep_unarchived_days: int = Field(
        30, ge=7, le=365, description="only on a full disk: footage that never belonged to a session may go after it"
    )


class RoomConfiguration(Strict):
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
    second_camera: SecondCamera | None = None
    second_microphone: SecondMicrophone | None = None
    sensor: SensorSettings | None = None
    picture: PictureSettings = PictureSettings()
    sound: SoundSettings = SoundSettings()
    spool: SpoolSettings = SpoolSettings()
    recording: RecordingSettings = RecordingSettings()
    health: HealthSettings = HealthSettings()
    line: LineSettings = LineSettings()
    timezone: Timezone = DEFAULT_TIMEZONE
    case_pattern: CasePattern = DEFAULT_CASE_PATTERN

    @model_validator(mode="after")
    def _sources_fit(self) -> RoomConfiguration:
        check_sources(self.camera, self.microphone, self.second_camera, self.second_microphone)
        return self


def check_sources(
    camera: CameraSource,
    microphone: SoundSource | None,
    second_camera: SecondCamera | None,
    second_microphone: SecondMicrophone | None,
) -> None:
    """Raises ValueError with the key for sources that can't be recorded together."""
    if second_camera is not None:
        for key, one in (("camera", camera), ("second_camera.camera", second_camera.camera)):
            if isinstance(one, RtspSource) and one.copy_video:
                raise ValueError(f"{key}.copy_video: a copied picture can't hold a second camera; set it to false")
        if second_camera.camera == camera and not isinstance(camera, SyntheticSource):
            raise ValueError("second_camera.camera: the same source as camera; name another one or leave it out")
    if second_microphone is not None:
        if microphone is None:
            raise ValueError("second_microphone: there is no first one; put it under microphone")
        for key, sound in (("microphone", microphone), ("second_microphone.microphone", second_microphone.microphone)):
            if isinstance(sound, MicrophoneSource) and sound.channels == 2:
                raise ValueError(f"{key}.channels: two microphones have one channel each; set it to 1")
        if second_microphone.microphone == microphone and not isinstance(microphone, SyntheticSource):
            raise ValueError("second_microphone.microphone: the same source as microphone; name another one")
