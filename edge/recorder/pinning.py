"""The centre that this room belongs to: pinned once at enrolment, never changed by a command afterwards."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from edge.recorder.refusal import Refusal
from storage.disk import create_file
from storage.errors import StorageError
from storage.manifest import Identifier
from storage.signing import PublicKey


class Pinned(BaseModel):
    """What `pinned.json` holds: the centre's public key (base64url) and the random ids that it gave."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    centre_key: str
    device: Identifier
    room: Identifier

    @property
    def centre(self) -> PublicKey:
        return PublicKey.from_text(self.centre_key)


class PinDamaged(Exception):
    """`pinned.json` is there but can't be read: the recorder does not start, rather than trust somebody else."""


def load_pinned(path: Path) -> Pinned | None:
    """None before enrolment. Raises PinDamaged."""
    try:
        pinned = Pinned.model_validate_json(path.read_bytes())
        pinned.centre  # noqa: B018 - a key that can't be read must be found now
        return pinned
    except FileNotFoundError:
        return None
    except (OSError, ValidationError, StorageError) as error:
        raise PinDamaged(
            f"{path} 无法读取，不能确认所属中心；请恢复该文件。"
            f" It can't be read, so the centre is not known; restore it. ({type(error).__name__})"
        ) from error


def pin(path: Path, centre_key: str, device: str, room: str) -> Pinned:
    """Pin once. The same again is answered alike. Raises Refusal."""
    try:
        wanted = Pinned(centre_key=centre_key, device=device, room=room)
        wanted.centre  # noqa: B018
    except (ValidationError, StorageError) as error:
        raise Refusal(
            "bad-pin", "中心公钥或编号格式不正确，未作改动。", "The centre's key or an id is not in its form."
        ) from error
    pinned = load_pinned(path)
    if pinned is None:
        create_file(path, wanted.model_dump_json().encode())
        return wanted
    if pinned != wanted:
        raise Refusal(
            "already-pinned",
            "本机已登记到另一个中心或接谈室，未作改动；更换请由管理员重装设备。",
            "This device is pinned to another centre or room; nothing was changed. Set it up anew to move it.",
        )
    return pinned
