"""A room's configuration: the part an administrator decides, and the whole that a device gets signed. Pure."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from config.loading import describe_errors
from config.room import (
    CameraSource,
    PictureSettings,
    RoomConfiguration,
    SoundSettings,
    SoundSource,
    SpoolSettings,
    SyntheticSource,
)
from control_api.database import Room
from control_api.errors import CenterError
from storage.signing import CONFIGURATION_TYP, SigningKey, sign_json


class RoomSettings(BaseModel):
    """Sources, picture, sound, spool: what is versioned. Names, ids, county settings are added when it is signed."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    camera: CameraSource = Field(default=SyntheticSource(), discriminator="kind")
    microphone: SoundSource | None = SyntheticSource()
    picture: PictureSettings = PictureSettings()
    sound: SoundSettings = SoundSettings()
    spool: SpoolSettings = SpoolSettings()


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
            field=".".join(str(part) for part in error.errors()[0]["loc"]) or None,
        ) from error


def compose(
    settings: dict[str, Any], room: Room, device_id: str, *, timezone: str, case_pattern: str
) -> RoomConfiguration:
    """The whole configuration of `device_id` in `room`."""
    return RoomConfiguration.model_validate(
        {
            **check_room_settings(settings).model_dump(mode="json"),
            "version": room.configuration_version,
            "device": device_id,
            "room": room.id,
            "room_name": room.name,
            "unit_name": room.unit.name,
            "timezone": timezone,
            "case_pattern": case_pattern,
        }
    )


def sign_configuration(configuration: RoomConfiguration, key: SigningKey) -> str:
    return sign_json(configuration.model_dump(mode="json"), key, CONFIGURATION_TYP)


def without_secrets(settings: dict[str, Any]) -> dict[str, Any]:
    """For showing: a source's password becomes `********`."""
    return {name: _masked(value) for name, value in settings.items()}


def with_kept_secrets(settings: dict[str, Any], before: dict[str, Any]) -> dict[str, Any]:
    """What an administrator sent back, with masked passwords put back from the version before."""
    merged = dict(settings)
    for name in ("camera", "microphone"):
        value, old = settings.get(name), before.get(name)
        if isinstance(value, dict) and value.get("password") == MASK and isinstance(old, dict):
            # Only for the same camera: a changed address must not be sent somebody else's password.
            same = value.get("url") == old.get("url") and value.get("username", "") == old.get("username", "")
            merged[name] = {**value, "password": old.get("password", "") if same else ""}
    return merged


MASK = "********"


def _masked(value: Any) -> Any:
    return {**value, "password": MASK} if isinstance(value, dict) and value.get("password") else value
