"""The commands of `recorder.sock`: which there are, what each takes, whom it asks. Refuses everything else.

No command stops the recording of an open session, signs anything but an enrolment proof, or deletes footage.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Annotated, Any, Literal

import structlog
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from edge.health.fault import Choice, Reason
from edge.recorder.patience import Patience
from edge.recorder.recorder import Recorder
from edge.recorder.refusal import Refusal
from storage.errors import StorageError
from storage.manifest import Digest, Identifier

log = structlog.get_logger("recorder")
Jws = Annotated[str, Field(max_length=1_000_000)]
SignedIn = Literal["online", "offline"]


AT_ONCE = frozenset({"identity", "prove", "status", "preview"})  # nothing in them waits for the disk


class _Arguments(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Nothing(_Arguments):
    """No arguments."""


class Prove(_Arguments):
    challenge: str = Field(min_length=1, max_length=200)


class Pin(_Arguments):
    centre_key: str = Field(max_length=100)
    device: Identifier
    room: Identifier


class Configure(_Arguments):
    configuration: Jws
    sealing: Jws


class OpenSession(_Arguments):
    session: Identifier
    officer: Identifier
    signed_in: SignedIn
    tag_sha256: Digest | None = None


class TagSession(_Arguments):
    session: Identifier
    tag_sha256: Digest
    officer: Identifier
    signed_in: SignedIn


class CloseSession(_Arguments):
    session: Identifier
    officer: Identifier
    signed_in: SignedIn


class DecideFault(_Arguments):
    session: Identifier
    choice: Choice
    reason: Reason
    officer: Identifier
    signed_in: SignedIn


class ReceiptArguments(_Arguments):
    receipt: Jws


class Refused(_Arguments):
    manifest_sha256: Digest
    code: str = Field(min_length=1, max_length=60)
    reason: str = Field("", max_length=500)


class Commands:
    """One line in, one object out. Waits for the disk where a command does, but not for ever; not for the event
    loop's thread."""

    def __init__(self, recorder: Recorder, patience: Patience | None = None) -> None:
        self._patience = patience or Patience()
        self._known: dict[str, tuple[type[_Arguments], Callable[..., dict[str, Any]]]] = {
            "identity": (Nothing, recorder.identity),
            "prove": (Prove, recorder.prove),
            "pin": (Pin, recorder.pin),
            "configure": (Configure, recorder.configure),
            "status": (Nothing, recorder.status),
            "open_session": (OpenSession, recorder.open_session),
            "tag_session": (TagSession, recorder.tag_session),
            "close_session": (CloseSession, recorder.close_session),
            "decide_fault": (DecideFault, recorder.decide_fault),
            "preview": (Nothing, recorder.preview),
            "receipt": (ReceiptArguments, recorder.receipt),
            "refused": (Refused, recorder.refused),
        }

    def answer(self, line: bytes) -> dict[str, Any]:
        """Never raises: whatever is wrong becomes an answer with a code."""
        try:
            name, arguments = self._parse(line)
            return {"ok": True, **self._do(name, arguments)}
        except Refusal as refusal:
            return refusal.answer()
        except StorageError as error:
            return Refusal(error.code, error.message, error.message_en).answer()
        except OSError as error:
            log.error("command-failed", error=type(error).__name__, errno=error.errno)
            return Refusal(
                "disk-trouble",
                "磁盘暂时无法写入，这个操作没有完成；录像情况见状态，请稍后再试。",
                "The disk could not take it, so this was not done; see the status, and try again.",
            ).answer()
        except Exception as error:  # the one place for faults of this process's commands
            log.error("command-failed", exc_info=error)
            return Refusal(
                "internal", "操作没有完成，录像照常；请稍后再试。", "This was not done; recording goes on; try again."
            ).answer()

    def _do(self, name: str, arguments: dict[str, Any]) -> dict[str, Any]:
        work = self._known[name][1]
        if name in AT_ONCE:
            return work(**arguments)
        return self._patience.do(json.dumps([name, arguments], sort_keys=True), lambda: work(**arguments))

    def _parse(self, line: bytes) -> tuple[str, dict[str, Any]]:
        try:
            value = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise _bad("not-json", "不是 JSON。", "This line is not JSON.") from error
        if not isinstance(value, dict) or not isinstance(value.get("command"), str):
            raise _bad("not-a-command", "缺少 command。", "This line has no command.")
        name = value.pop("command")
        if name not in self._known:
            raise _bad("unknown-command", "没有这个命令。", "There is no such command.")
        try:
            arguments = self._known[name][0].model_validate(value)
        except ValidationError as error:
            fault = error.errors(include_input=False, include_url=False)[0]
            key = ".".join(str(part) for part in fault["loc"])
            raise _bad("bad-argument", f"参数 {key} 有误。", f"The argument {key} is wrong: {fault['msg']}.") from None
        return name, arguments.model_dump()


def _bad(code: str, message: str, message_en: str) -> Refusal:
    return Refusal(code, message, message_en)
