"""Brings the centre's word to the room: configuration, sealing list, officers. Owns no setting itself.

Both signed documents are checked here with the pinned key (case tags are sealed by this list) and once more by
the recorder, which trusts no agent.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from edge.agent.board import Board
from edge.agent.centre_answers import ConfigurationAnswer, OfficerEntry
from edge.agent.centre_client import Centre
from edge.agent.outbox import Outbox
from edge.agent.recorder_client import Recorder
from edge.agent.room_record import Names, Officer, RoomRecord
from edge.agent.trouble import CentreUnclear
from storage.sealing_list import open_sealing_list
from storage.signing import CONFIGURATION_TYP, PublicKey, open_json


@dataclass(frozen=True, slots=True)
class SyncTiming:
    pending_s: float = 3.0
    active_s: float = 60.0


class ConfigurationSync:
    def __init__(
        self, centre: Centre, recorder: Recorder, record: RoomRecord, outbox: Outbox, board: Board, timing: SyncTiming
    ) -> None:
        self._centre = centre
        self._recorder = recorder
        self._record = record
        self._outbox = outbox
        self._board = board
        self._timing = timing
        self._configured: tuple[str, str] | None = None
        self._rewind = False
        self.chain_rewound: Callable[[], None] = lambda: None

    def chain_has_a_hole(self) -> None:
        """The centre misses entries before the ones just sent: go back to the head that it names next."""
        self._rewind = True

    async def step(self) -> float:
        """Ask once. Returns seconds until the next question."""
        identity = self._record.identity()
        if identity is None:
            return self._timing.pending_s
        answer = await self._centre.configuration()
        self._board.centre_clock_ahead_ns = self._centre.clock_ahead_ns
        self._board.centre_wall_minus_mono_ns = self._centre.wall_minus_mono_ns
        if answer.state == "pending":
            self._board.enrolment = "pending"
            return self._timing.pending_s
        words = self._check(answer, identity.centre_key)
        self._keep(answer, words)
        if words != self._configured:
            await self._recorder.configure(*words)
            self._configured = words
        return self._timing.active_s

    def _check(self, answer: ConfigurationAnswer, centre_key: str) -> tuple[str, str]:
        if not answer.configuration or not answer.sealing:
            raise CentreUnclear("active, but without configuration or sealing list")
        key = PublicKey.from_text(centre_key)
        open_json(answer.configuration, key, CONFIGURATION_TYP)
        open_sealing_list(answer.sealing, key)
        return answer.configuration, answer.sealing

    def _keep(self, answer: ConfigurationAnswer, words: tuple[str, str]) -> None:
        officers = list({entry.number: _officer(entry) for entry in answer.usable_officers()}.values())
        self._record.centre_said(*words, Names(answer.unit_name, answer.room_name, answer.case_pattern))
        self._record.replace_officers(officers)
        self._board.enrolment = "active"
        self._board.unit_name, self._board.room_name = answer.unit_name, answer.room_name
        if answer.heads is not None and self._outbox.centre_stands_at(answer.heads.number, rewind=self._rewind):
            self.chain_rewound()
        self._rewind = False


def _officer(entry: OfficerEntry) -> Officer:
    return Officer(entry.id, entry.number, entry.name, entry.pin_verifier, entry.locked)
