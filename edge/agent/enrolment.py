"""Enrols the room: keys made here, one code, the centre's key checked against the code before anything is believed.

The transport key is the agent's own; the chain key never leaves the recorder, which proves it on request. The
recorder is pinned last: until then it takes no configuration and nothing is recorded.
"""

from __future__ import annotations

import time
from pathlib import Path

from edge.agent.centre_answers import Enrolled
from edge.agent.centre_client import Centre
from edge.agent.recorder_client import Recorder
from edge.agent.room_record import Identity, RoomRecord
from edge.agent.trouble import Trouble
from storage.enrolment_code import challenge_of, parse_code, proved_text
from storage.signing import BadKey, PublicKey, SigningKey, encode_base64url


class OtherCentre(Trouble):
    """Whoever answered does not hold the key that the code names."""

    def __init__(self) -> None:
        super().__init__(
            "other-centre",
            "应答的服务不是发放此登记码的县中心，已中止登记，未保存任何内容；请检查县中心地址，或请县中心重新发放登记码",
            "What answered is not the centre that made this code; enrolment was stopped and nothing kept."
            " Check the centre's address or ask for a new code",
        )


class AlreadyEnrolled(Trouble):
    def __init__(self) -> None:
        super().__init__(
            "already-enrolled",
            "本机已经登记过，无需再次登记",
            "This PC is enrolled already; there is nothing more to do",
        )


class RecorderPinned(Trouble):
    """The recorder obeys a centre already, and this agent knows nothing of it: its data directory was lost."""

    def __init__(self) -> None:
        super().__init__(
            "recorder-pinned",
            "录像程序已登记到一个县中心，但联络程序没有登记记录；登记码未使用。请恢复其数据目录或重装本机",
            "The recorder is enrolled but this agent has no record of it; the code was not used."
            " Restore the agent's data directory or set this PC up anew",
        )


def transport_key(path: Path) -> SigningKey:
    """The agent's own key; made on first use, never leaves this PC."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        SigningKey.generate().save(path)
    return SigningKey.load(path)


class Enrolment:
    def __init__(self, recorder: Recorder, centre: Centre, record: RoomRecord, key: SigningKey, version: str) -> None:
        self._recorder = recorder
        self._centre = centre
        self._record = record
        self._key = key
        self._version = version

    async def enrol(self, typed: str) -> Identity:
        """Use a code. Raises Trouble or BadCode; what went wrong before the centre answered may simply be repeated."""
        if self._record.identity() is not None:
            raise AlreadyEnrolled
        code = parse_code(typed)
        chain = await self._recorder.identity()
        if chain.get("pinned"):
            raise RecorderPinned
        transport_key = self._key.public.text
        proof = await self._recorder.prove(challenge_of(code.secret, transport_key))
        answer = await self._centre.enrol(
            {
                "code": code.text,
                "chain_key": str(chain["chain_key"]),
                "transport_key": transport_key,
                "chain_proof": proof,
                "transport_proof": encode_base64url(self._key.sign_raw(proved_text(code.secret, transport_key))),
                "version": self._version,
            }
        )
        if not code.names_centre(_key_of(answer)):
            raise OtherCentre
        identity = Identity(answer.device, answer.room, answer.centre_key)
        self._record.enrol(identity, time.time_ns())
        self.identify(identity)
        await self.pin(identity)
        return identity

    async def pin(self, identity: Identity) -> None:
        """Tell the recorder whom to obey. Repeated at every start: a crash may have come between."""
        await self._recorder.pin(identity.centre_key, identity.device, identity.room)

    def identify(self, identity: Identity) -> None:
        """From now on calls to the centre are made as this device."""
        self._centre.identify(identity.device, self._key)


def _key_of(answer: Enrolled) -> PublicKey:
    try:
        return PublicKey.from_text(answer.centre_key)
    except BadKey:
        raise OtherCentre from None
