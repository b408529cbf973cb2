"""A room's configuration: the part an administrator decides, and the whole that a device gets signed. Pure."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import ErrorDetails

from config.health import HealthSettings
from config.line import LineSettings
from config.loading import describe_errors
from config.opening_hours import SpecialDay
from config.recording import RecordingSettings
from config.room import (
    CameraSource,
    PictureSettings,
    RoomConfiguration,
    SecondCamera,
    SecondMicrophone,
    SensorSettings,
    SoundSettings,
    SoundSource,
    SpoolSettings,
    SyntheticSource,
    check_sources,
)
from control_api.database import Room
from control_api.errors import CenterError
from storage.signing import CONFIGURATION_TYP, SigningKey, sign_json

_NAMED = re.compile(r"(?:Value error, )?([a-z_]+(?:\.[a-z_]+)*): ")
MASK = "********"
MOST_OWN_DAYS = 100  # of one room; the county's own calendar takes the rest of what a configuration may hold
# Where sources stand in the settings, and so passwords.
SOURCES = (("camera",), ("microphone",), ("second_camera", "camera"), ("second_microphone", "microphone"))


class RoomSettings(BaseModel):
    """Sources, picture, times, thresholds: what is versioned. Names, ids and what is the county's (time zone, calendar)
    are added when it is signed."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    camera: CameraSource = Field(default=SyntheticSource(), discriminator="kind")
    microphone: SoundSource | None = SyntheticSource()
    picture: PictureSettings = PictureSettings()
    sound: SoundSettings = SoundSettings()
    spool: SpoolSettings = SpoolSettings()
    second_camera: SecondCamera | None = None
    second_microphone: SecondMicrophone | None = None
    sensor: SensorSettings | None = None
    recording: RecordingSettings = RecordingSettings()
    health: HealthSettings = HealthSettings()
    line: LineSettings = LineSettings()

    @model_validator(mode="after")
    def _fits(self) -> RoomSettings:
        check_sources(self.camera, self.microphone, self.second_camera, self.second_microphone)
        if len(self.recording.hours.days) > MOST_OWN_DAYS:
            raise ValueError(
                f"recording.hours.days: at most {MOST_OWN_DAYS} of a room's own; put days of the whole county into"
                " the county's calendar"
            )
        return self


def check_room_settings(values: dict[str, Any]) -> RoomSettings:
    """Raises CenterError `bad-configuration`, naming the key."""
    try:
        return RoomSettings.model_validate(values)
    except ValidationError as error:
        faults = describe_errors(error, RoomSettings)
        raise CenterError(
            "bad-configuration",
            f"配置未保存：{'；'.join(faults)}",
            f"The configuration was not saved: {'; '.join(faults)}",
            status=422,
            field=".".join(faulty_path(error.errors()[0])) or None,
        ) from error


def faulty_path(item: ErrorDetails) -> list[str]:
    """The key that a fault is about. A fault of several keys together names its key in its own text: `key: why`."""
    path = [str(part) for part in item["loc"]]
    named = _NAMED.match(str(item["msg"]))
    return path or (named.group(1).split(".") if named else [])


def compose(
    settings: dict[str, Any],
    room: Room,
    device_id: str,
    *,
    timezone: str,
    case_pattern: str,
    county_days: Iterable[SpecialDay] = (),
) -> RoomConfiguration:
    """The whole configuration of `device_id` in `room`. A day of the room's own counts before the county's."""
    checked = check_room_settings(settings)
    return RoomConfiguration.model_validate(
        {
            **checked.model_dump(mode="json"),
            "recording": with_days(checked.recording, county_days).model_dump(mode="json"),
            "version": room.configuration_version,
            "device": device_id,
            "room": room.id,
            "room_name": room.name,
            "unit_name": room.unit.name,
            "timezone": timezone,
            "case_pattern": case_pattern,
        }
    )


def with_days(recording: RecordingSettings, county_days: Iterable[SpecialDay]) -> RecordingSettings:
    own = {day.date: day for day in recording.hours.days}
    merged = {day.date: day for day in county_days} | own
    days = tuple(merged[date] for date in sorted(merged))
    return recording.model_copy(update={"hours": recording.hours.model_copy(update={"days": days})})


def sign_configuration(configuration: RoomConfiguration, key: SigningKey) -> str:
    return sign_json(configuration.model_dump(mode="json"), key, CONFIGURATION_TYP)


def without_secrets(settings: dict[str, Any]) -> dict[str, Any]:
    """For showing: a source's password becomes `********`."""
    shown = copy.deepcopy(settings)
    for path in SOURCES:
        source = _source(shown, path)
        if source is not None and source.get("password"):
            source["password"] = MASK
    return shown


def with_kept_secrets(settings: dict[str, Any], before: dict[str, Any]) -> dict[str, Any]:
    """What an administrator sent back, with masked passwords put back from the version before."""
    merged = copy.deepcopy(settings)
    for path in SOURCES:
        value = _source(merged, path)
        if value is None or value.get("password") != MASK:
            continue
        # Only for the same camera: a changed address must not be sent somebody else's password.
        old = _source(before, path) or {}
        same = value.get("url") == old.get("url") and value.get("username", "") == old.get("username", "")
        value["password"] = old.get("password", "") if same else ""
    return merged


def _source(settings: dict[str, Any], path: tuple[str, ...]) -> dict[str, Any] | None:
    value: Any = settings
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else None
