"""A spool with real keys, sealing and chain in a directory, driven without threads; and footage to put into it."""

from __future__ import annotations

import secrets
from pathlib import Path

from edge.recorder.keeping import read_notes
from edge.recorder.sessions import SessionBook
from edge.segment.sink import Fragment, RunStart
from edge.spool.disk_room import DiskRoom, RoomLimits
from edge.spool.index_repair import open_index
from edge.spool.intake import SegmentEnd, SegmentStart
from edge.spool.ledger import Ledger, Place
from edge.spool.moments import moment_at, present
from edge.spool.recovery import RecoveryReport, adopt_chain, recover, recover_segments
from edge.spool.run_keeper import KeeperParts, RunKeeper
from edge.spool.timeline_state import Unaccounted, unaccounted
from storage.chain import AnyManifest
from storage.manifest import MANIFEST, ClockState, Moment, NoteKind, NoteManifest, SegmentManifest
from storage.receipt import Receipt, sign_receipt
from storage.sealing import IdentityOpener, generate_identity
from storage.signing import SigningKey, jws_sha256, peek_json
from storage.verification import Report, verify
from tests.storage.recordings import TRACKS, footage

SEGMENT_S = 2


class Keys:
    """What stays the same over the lives of one room."""

    def __init__(self) -> None:
        self.chain, self.centre = SigningKey.generate(), SigningKey.generate()
        self.place = Place(secrets.token_hex(16), secrets.token_hex(16))
        self.identity, self.recipient = generate_identity()


class Life:
    """One life of a spool: opening it recovers. `crash` ends it as kill -9 would."""

    def __init__(self, spool: Path, keys: Keys, reserve_bytes: int = 0, keep_ns: int = 10**18) -> None:
        self.spool, self.keys = spool, keys
        self.index, damaged = open_index(spool)
        self.ledger = Ledger(spool, self.index, keys.chain, keys.place, present, ClockState)
        self.adopted = adopt_chain(spool, self.index, self.ledger, damaged)
        self.sessions = SessionBook(read_notes(self.index))
        self.report = recover(spool, self.index, self.ledger, self.sessions.at)
        self.missing: Unaccounted | None = unaccounted(reversed(self.entries()))
        self.note(NoteKind.RECORDER_STARTED)
        self.room = DiskRoom(spool, self.index, keys.centre.public, RoomLimits(reserve_bytes, keep_ns))
        self.key_frames_wanted = 0
        parts = KeeperParts(
            spool, self.ledger, self.room, self.sessions.at, ClockState, self._recover_in_life, self._want_key_frame
        )
        self.keeper = RunKeeper(parts, [keys.recipient], self.missing)

    def _want_key_frame(self) -> None:
        self.key_frames_wanted += 1

    def _recover_in_life(self) -> Moment | None:
        report = RecoveryReport()
        recover_segments(self.spool, self.index, self.ledger, self.sessions.at, report)
        return report.last_end

    def note(self, kind: NoteKind, session: str | None = None, tag_sha256: str | None = None) -> NoteManifest:
        note = self.ledger.append(NoteManifest, note=kind, session=session, tag_sha256=tag_sha256)
        self.sessions.apply(note)
        return note

    def begin(self, anchor: Moment | None = None) -> RunStart:
        run = RunStart(secrets.token_hex(16), footage().init, anchor or moment_at(present(), 0), tuple(TRACKS))
        self.keeper.take(run)
        return run

    def segment(self, number: int, *, end: bool = True, fragments: int | None = None) -> None:
        """One of the three segments of test footage; without `end` it stays open."""
        self.keeper.take(SegmentStart())
        for fragment in fragments_of(number)[:fragments]:
            self.keeper.take(fragment)
            self.keeper.tick()
        if end:
            self.keeper.take(SegmentEnd(tuple(TRACKS)))

    def receipt(self, number: int, **changes: object) -> str:
        """The centre's receipt for entry `number`."""
        row = self.index.numbered(number)
        assert row is not None
        fields: dict[str, object] = {
            "manifest_sha256": row.sha256,
            "object_key": "rooms/x",
            "version_id": "1",
            "sealed_sha256": row.sealed_sha256 or row.sha256,
            "size": row.size,
            "received_wall_ns": 1,
            "store": "local-not-worm",
        }
        return sign_receipt(Receipt.model_validate(fields | changes), self.keys.centre)

    def entries(self) -> list[AnyManifest]:
        files = sorted((self.spool / "chain").glob("*.jws"))
        return [MANIFEST.validate_python(peek_json(file.read_text())) for file in files]

    def segments(self) -> list[SegmentManifest]:
        return [entry for entry in self.entries() if isinstance(entry, SegmentManifest)]

    def crash(self) -> None:
        """Let go of the files as they are, as the kernel does for a killed process."""
        if self.keeper._open is not None:
            self.keeper._open.abandon()
        self.index.close()


def fragments_of(number: int) -> list[Fragment]:
    parts = footage().segments[number]
    return [Fragment(data, start, end, key=at == 0) for at, (data, start, end) in enumerate(parts)]


def check(spool: Path, keys: Keys) -> Report:
    """The offline verifier's word on the spool, every segment opened and played."""
    opener = IdentityOpener(keys.identity)
    return verify(spool, [keys.chain.public], [keys.centre.public], opener, thorough=True)


def chain_hash(path: Path) -> str:
    return jws_sha256(path.read_text())
