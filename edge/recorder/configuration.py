"""What the centre decided for this room, believed only when the pinned centre signed it. Owns both files.

Default deny: nothing older than what is known, nothing for another room, nobody to seal to means no recording.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from config.loading import SettingsError, check_settings
from config.room import RoomConfiguration
from edge.recorder.pinning import Pinned
from edge.recorder.refusal import Refusal
from storage.disk import replace_file
from storage.errors import StorageError
from storage.sealing_list import BadSealingList, SealingList, open_sealing_list
from storage.signing import CONFIGURATION_TYP, PublicKey, open_json

_BESIDE_THE_ENCODER: dict[str, Any] = {
    **dict.fromkeys(("version", "spool", "case_pattern", "recording", "health", "line"), True),
    **dict.fromkeys(("room_name", "unit_name", "timezone", "sensor"), True),
    "second_camera": {"box": True, "main_box": True},
}


@dataclass(frozen=True, slots=True)
class Orders:
    """One accepted pair. The JWS are kept as they came."""

    configuration: RoomConfiguration
    sealing: SealingList
    configuration_jws: str
    sealing_jws: str

    @property
    def detail(self) -> str:
        """For the `configured` note: versions only."""
        return f"configuration={self.configuration.version} sealing={self.sealing.version}"


def open_orders(configuration_jws: str, sealing_jws: str, pinned: Pinned) -> Orders:
    """Check signatures, forms, device and room. Raises Refusal."""
    configuration = _open_configuration(configuration_jws, pinned.centre)
    if (configuration.device, configuration.room) != (pinned.device, pinned.room):
        raise Refusal(
            "bad-configuration",
            "收到的配置属于另一台设备或接谈室，仍按原配置录像。",
            "The configuration is for another device or room; recording goes on as before.",
        )
    return Orders(configuration, _open_sealing(sealing_jws, pinned.centre), configuration_jws, sealing_jws)


def check_newer(known: Orders | None, offered: Orders) -> None:
    """Raises Refusal for an older version, and for other content under a version that is known."""
    if known is None:
        return
    one, other = known, offered
    pairs = (
        (one.configuration.version, one.configuration_jws, other.configuration.version, other.configuration_jws),
        (one.sealing.version, one.sealing_jws, other.sealing.version, other.sealing_jws),
    )
    for known_version, known_jws, version, jws in pairs:
        if version < known_version or (version == known_version and jws != known_jws):
            raise Refusal(
                "older-version",
                f"收到的版本 {version} 不比现有版本 {known_version} 新，仍按原配置录像。",
                f"Version {version} is not newer than {known_version}, which is in use; recording goes on as before.",
            )


def load_orders(directory: Path, pinned: Pinned) -> Orders | None:
    """The pair kept on disk; None before the first. Raises Refusal when it can't be believed."""
    try:
        configuration = (directory / "configuration.jws").read_text(encoding="ascii")
        sealing = (directory / "sealing.jws").read_text(encoding="ascii")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise Refusal(
            "bad-configuration", "本机保存的配置无法读取，等待中心重新下发。", "The kept configuration can't be read."
        ) from error
    return open_orders(configuration, sealing, pinned)


def keep_orders(directory: Path, orders: Orders) -> None:
    """Each file whole and synced; a crash between them leaves two that were both accepted at some time."""
    replace_file(directory / "sealing.jws", orders.sealing_jws.encode())
    replace_file(directory / "configuration.jws", orders.configuration_jws.encode())


def same_recording(one: RoomConfiguration, other: RoomConfiguration) -> bool:
    """Whether the same sources are encoded alike: then no new run is needed.

    What stands where in the picture, and the text on it, changes while a run goes on.
    """
    encoded_one, encoded_other = (it.model_dump(exclude=_BESIDE_THE_ENCODER) for it in (one, other))
    return encoded_one == encoded_other and one.spool.segment_s == other.spool.segment_s


def _open_configuration(jws: str, centre: PublicKey) -> RoomConfiguration:
    try:
        payload = open_json(jws, centre, CONFIGURATION_TYP)
    except StorageError as error:
        raise _bad_signature(error) from error
    try:
        return check_settings(payload, RoomConfiguration, "configuration")
    except SettingsError as error:
        raise Refusal("bad-configuration", f"配置有误，仍按原配置录像：{error}", str(error)) from error


def _open_sealing(jws: str, centre: PublicKey) -> SealingList:
    try:
        return open_sealing_list(jws, centre)
    except BadSealingList as error:
        raise Refusal(error.code, error.message, error.message_en) from error
    except StorageError as error:
        raise _bad_signature(error) from error


def _bad_signature(error: StorageError) -> Refusal:
    return Refusal("bad-signature", f"不是本室所属中心的签名：{error.message}", str(error))
