"""The centre's keys: what it signs with, what opens the archive, whom rooms seal to.

The signing key and the archive identity are made here at the first start, for their owner alone. The recovery
identity is never here: it is made offline, and only its recipient is handed in.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from storage.disk import make_directories, replace_file
from storage.sealing import IdentityOpener, Opener, generate_identity, save_identity
from storage.sealing_list import Recipient
from storage.signing import SigningKey

SIGNING_FILE = "centre.key"
ARCHIVE_FILE = "archive.identity"
RECOVERY_FILE = "recovery.recipient"


class NoRecoveryKey(Exception):
    """A real centre has no recovery recipient yet."""

    def __init__(self) -> None:
        super().__init__(
            "还没有恢复密钥：请在离线电脑上运行 shilu-center create-recovery-key --out FILE，再把打印出的公钥用 "
            "shilu-center set-recovery-recipient 登记到中心。 / There is no recovery key yet: run shilu-center "
            "create-recovery-key --out FILE on an offline PC, then hand the recipient that it prints to "
            "shilu-center set-recovery-recipient."
        )


@dataclass(frozen=True)
class CenterKeys:
    """`opener` is the one way to footage; it stands behind an interface so that it can move to another process."""

    signing: SigningKey
    opener: Opener
    recipients: tuple[Recipient, ...]

    def derived_key(self, purpose: bytes) -> bytes:
        """A secret for one purpose: the same after every start, on every centre with this signing key."""
        return hashlib.sha256(self.signing.sign_raw(b"shilu-derived-1\n" + purpose)).digest()

    @property
    def recipient_texts(self) -> list[str]:
        return [entry.recipient for entry in self.recipients]


def keys_directory(data_directory: Path) -> Path:
    return data_directory / "keys"


def open_keys(data_directory: Path, *, recovery_required: bool) -> CenterKeys:
    """Load the keys, making those that are missing. Raises NoRecoveryKey, BadKey, SealingError."""
    directory = keys_directory(data_directory)
    make_directories(directory)
    recovery = directory / RECOVERY_FILE
    if recovery_required and not recovery.exists():
        raise NoRecoveryKey
    signing_path = directory / SIGNING_FILE
    if not signing_path.exists():
        SigningKey.generate().save(signing_path)
    archive_path = directory / ARCHIVE_FILE
    if not archive_path.exists():
        save_identity(archive_path, generate_identity()[0])
    opener = IdentityOpener.load(archive_path)
    recipients = [Recipient(name="archive", recipient=opener.recipients[0])]
    if recovery.exists():
        recipients.append(Recipient(name="recovery", recipient=recovery.read_text(encoding="utf-8").strip()))
    return CenterKeys(SigningKey.load(signing_path), opener, tuple(recipients))


def set_recovery_recipient(data_directory: Path, recipient: str) -> None:
    """Rooms seal to it too from their next configuration on. Raises pydantic's ValidationError for a wrong one."""
    checked = Recipient(name="recovery", recipient=recipient.strip())
    directory = keys_directory(data_directory)
    make_directories(directory)
    replace_file(directory / RECOVERY_FILE, f"{checked.recipient}\n".encode())


def create_recovery_key(path: Path) -> str:
    """Write a new identity to `path` (exclusive, 0600) and give its recipient. Raises FileExistsError."""
    identity, recipient = generate_identity()
    save_identity(path, identity)
    return recipient
