"""What every refusal of this library carries: a code for programs and one sentence for people in both languages."""

from __future__ import annotations


class StorageError(Exception):
    """Base of all errors raised here. `str()` is the English sentence; `message` the Chinese one."""

    def __init__(self, code: str, message: str, message_en: str) -> None:
        super().__init__(message_en)
        self.code = code
        self.message = message
        self.message_en = message_en
