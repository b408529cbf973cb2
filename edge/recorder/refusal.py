"""A command that the recorder refuses. Nothing was changed; recording goes on regardless."""

from __future__ import annotations

from typing import Any


class Refusal(Exception):
    """`code` for programs, both sentences for people, `facts` for what the caller may act on (such as `session`)."""

    def __init__(self, code: str, message: str, message_en: str, **facts: Any) -> None:
        super().__init__(message_en)
        self.code, self.message, self.message_en, self.facts = code, message, message_en, facts

    def answer(self) -> dict[str, Any]:
        return {"ok": False, "code": self.code, "message": self.message, "message_en": self.message_en, **self.facts}
