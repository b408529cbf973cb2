"""Opens, tags and closes sessions for an officer. The recorder decides; this keeps the case number from leaking.

A case number lives in memory and in the age-sealed tag, which is sealed before anything touches a disk. It never
reaches a log, a database, a file name, an address or another process.
"""

from __future__ import annotations

import asyncio
import hashlib
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass

from edge.agent.outbox import Outbox, WaitingTag
from edge.agent.recorder_client import Recorder, SignedIn
from edge.agent.room_record import Officer, RoomRecord
from edge.agent.trouble import RecorderRefused, RecorderSilent, Trouble
from edge.console.session_record import SessionRecord
from storage.case_id import DEFAULT_PATTERN, normalize_case_id
from storage.case_tag import CaseTag, seal_tag
from storage.errors import StorageError

_JUST_NOW_NS = 3_000_000_000


class SessionRefused(Trouble):
    """Codes: `case-id-*`, `tagged-already`, `session-unknown`, `no-recipients`."""


@dataclass(frozen=True, slots=True)
class Acting:
    """Who acts, and how they were signed in."""

    officer: Officer
    signed_in: SignedIn


class Sessions:
    """`tag_kept` is called when something new waits for the centre."""

    def __init__(
        self,
        recorder: Recorder,
        record: RoomRecord,
        outbox: Outbox,
        sessions: SessionRecord,
        tag_kept: Callable[[], None],
    ) -> None:
        self._recorder = recorder
        self._record = record
        self._outbox = outbox
        self._sessions = sessions
        self._tag_kept = tag_kept
        self._one_at_a_time = asyncio.Lock()

    async def open(self, acting: Acting, case_id: str) -> str:
        """The new session's id. An empty `case_id` leaves the number for later. Raises Trouble."""
        session = secrets.token_hex(16)
        async with self._one_at_a_time:
            tag = self._seal(session, acting, case_id, None, None) if case_id.strip() else None
            if tag:
                self._outbox.prepare_tag(tag)
            try:
                answer = await self._open_or_ask_again(session, acting, tag.sha256 if tag else None)
            except RecorderRefused:
                if tag:
                    self._outbox.drop_tag(tag.sha256)
                raise
            self._sessions.opened(session, acting.officer.id, _wall_ns(answer, "opened_wall_ns"), None)
            if tag:
                self._noted(tag)
        self._tag_kept()
        return session

    async def _open_or_ask_again(self, session: str, acting: Acting, tag_sha256: str | None) -> dict[str, object]:
        """No answer leaves open what happened; the same id is answered alike, so once more is safe."""
        try:
            return await self._recorder.open_session(session, acting.officer.id, acting.signed_in, tag_sha256)
        except RecorderSilent:
            return await self._recorder.open_session(session, acting.officer.id, acting.signed_in, tag_sha256)

    async def tag(self, acting: Acting, session: str, case_id: str, *, replace: bool, reason: str) -> None:
        """Say which case a session belongs to, also after closing. Raises Trouble."""
        async with self._one_at_a_time:
            before = self._sessions.find(session)
            if before is None:
                raise SessionRefused(
                    "session-unknown",
                    "没有找到这个接访场次，未作改动；请刷新页面后再试",
                    "There is no such session here, nothing was changed; reload the page and try again",
                )
            if before.tag_sha256 and not replace:
                raise SessionRefused(
                    "tagged-already",
                    "本场次已登记编号，未作改动；如需更正，请使用“更正编号”",
                    "This session has a number already, nothing was changed; use the correction to change it",
                )
            tag = self._seal(session, acting, case_id, before.tag_sha256, reason or None)
            self._outbox.prepare_tag(tag)
            try:
                await self._recorder.tag_session(session, tag.sha256, acting.officer.id, acting.signed_in)
            except RecorderRefused:
                self._outbox.drop_tag(tag.sha256)
                raise
            self._noted(tag)
        self._tag_kept()

    async def close(self, acting: Acting, session: str) -> int:
        """When it was closed. Raises Trouble: `session-not-open` when it was closed before."""
        async with self._one_at_a_time:
            answer = await self._recorder.close_session(session, acting.officer.id, acting.signed_in)
            closed_wall_ns = _wall_ns(answer, "closed_wall_ns")
            self._sessions.closed(session, closed_wall_ns)
        self._tag_kept()
        return closed_wall_ns

    async def decide_fault(self, acting: Acting, session: str, choice: str, reason: str) -> int:
        """Sign what the officer chose; `stop` closes the session too. When it was signed. Raises Trouble."""
        if choice not in ("go-on", "stop") or not reason:
            raise SessionRefused(
                "fault-choice",
                "请选择原因，再选择继续或结束接访；未作改动",
                "Choose a reason, then go on or end the session; nothing was changed",
            )
        answer = await self._recorder.decide_fault(session, choice, reason, acting.officer.id, acting.signed_in)
        self._tag_kept()
        if choice == "stop":
            await self.close(acting, session)
        return _wall_ns(answer, "made_wall_ns")

    def follow(self, open_session: str | None, opened_wall_ns: int | None, wall_ns: int) -> None:
        """Follow the recorder: a session may have been opened or closed while nobody here heard of it.

        `wall_ns` is when the recorder said so; what was opened just then is left for its next word.
        """
        if self._one_at_a_time.locked():
            return
        if open_session and self._sessions.find(open_session) is None:
            self._sessions.opened(open_session, "", opened_wall_ns or wall_ns, None)
        if self._sessions.any_other_open(open_session):
            self._sessions.settle(open_session, wall_ns, wall_ns - _JUST_NOW_NS)

    def _noted(self, tag: WaitingTag) -> None:
        self._outbox.tag_noted(tag.sha256)
        self._sessions.tagged(tag.session, tag.sha256)

    def _seal(self, session: str, acting: Acting, case_id: str, replaces: str | None, reason: str | None) -> WaitingTag:
        try:
            number = normalize_case_id(case_id, self._record.names().case_pattern or DEFAULT_PATTERN)
        except StorageError as error:
            raise SessionRefused(f"case-id-{error.code}", error.message, error.message_en) from None
        recipients = self._record.recipients()
        if not recipients:
            raise SessionRefused(
                "no-recipients",
                "尚未收到县中心的加密名单，暂不能登记编号；可先开始接访，稍后补编号",
                "The centre's list of keys has not arrived, so no number can be kept yet; open the session without one",
            )
        made_wall_ns = time.time_ns()
        tag = CaseTag(
            session=session,
            case_id=number,
            officer=acting.officer.id,
            signed_in=acting.signed_in,
            made_wall_ns=made_wall_ns,
            replaces=replaces,
            reason=reason,
        )
        sealed = seal_tag(tag, recipients)
        return WaitingTag(hashlib.sha256(sealed).hexdigest(), session, sealed, made_wall_ns, noted=False)


def _wall_ns(answer: dict[str, object], key: str) -> int:
    value = answer.get(key)
    return value if isinstance(value, int) else time.time_ns()
