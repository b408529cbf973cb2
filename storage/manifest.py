"""The manifest: one signed entry of a device's chain. Owns its shape; signs, stores and checks nothing.

One chain per device over all its runs. An entry is a segment, a gap or a note. Case numbers, names and
identity numbers never stand here, neither plain nor hashed; sessions are random ids and officers account ids.

RFC 8785 knows no integer beyond 2**53, and nanoseconds are beyond it: in JSON they stand as decimal text.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, TypeAdapter, model_validator

MOST_BYTES = 2**40  # no segment is larger; what is signed by a device that was broken into must still fit every column

Identifier = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$", description="random 128 bits in hex")]
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$", description="SHA-256 in hex")]
_DECIMAL = re.compile(r"0|-?[1-9][0-9]{0,18}")


def _from_decimal(value: Any) -> Any:
    """One text for one number; everything else is left to the field's own check."""
    if isinstance(value, str):
        if not _DECIMAL.fullmatch(value):
            raise ValueError("is not a decimal integer")
        return int(value)
    return value


_AsText = PlainSerializer(str, return_type=str, when_used="json")
Nanoseconds = Annotated[int, Field(ge=0, lt=2**63), BeforeValidator(_from_decimal), _AsText]
NanosecondDifference = Annotated[int, Field(gt=-(2**63), lt=2**63), BeforeValidator(_from_decimal), _AsText]


class GapCause(StrEnum):
    """Why footage is missing. The wording for people stands with the pages."""

    NOT_RUNNING = "not-running"  # the recorder was stopped in order, or the PC was off
    CRASHED = "crashed"  # killed, power cut: the spool held an unfinished segment or no orderly stop
    CAMERA_LOST = "camera-lost"
    MICROPHONE_LOST = "microphone-lost"
    MICROPHONE_ABSENT = "microphone-absent"
    WRITER_OVERFLOW = "writer-overflow"  # the disk was slower than the footage for longer than the buffer
    DISK_FULL = "disk-full"
    ENCODER_FAILED = "encoder-failed"
    FORMAT_CHANGED = "format-changed"  # the source changed its size or rate, a new run began
    SEGMENT_DAMAGED = "segment-damaged"  # set aside at start: nothing in it could be proved
    EXPIRED_UNARCHIVED = "expired-unarchived"  # let go on a full disk: past its time, never part of a session
    OUTSIDE_HOURS = "outside-hours"  # as configured: the room was closed
    NOBODY_PRESENT = "nobody-present"  # as configured: neither movement nor voice


AS_CONFIGURED = frozenset({GapCause.OUTSIDE_HOURS, GapCause.NOBODY_PRESENT})  # nothing failed


class NoteKind(StrEnum):
    SESSION_OPENED = "session-opened"
    SESSION_CLOSED = "session-closed"
    SESSION_TAGGED = "session-tagged"
    RECORDER_STARTED = "recorder-started"
    RECORDER_STOPPED = "recorder-stopped"
    CONFIGURED = "configured"
    HEALTH = "health"  # `detail`: "raised CODE SOURCE" or "cleared CODE SOURCE"
    RECORDING_PAUSED = "recording-paused"  # nobody there or closed; `detail`: the gap's cause, written when it begins
    PRESENCE_WITHOUT_SESSION = "presence-without-session"  # once per stretch; `detail`: "since_wall_ns=…"
    FAULT_DECISION = "fault-decision"  # what the officer chose; `detail`: "go-on|stop CODE REASON"
    CLOCK_STEPPED = "clock-stepped"  # `detail`: "step_ns=…"
    CLOCK_CORRECTED = "clock-corrected"  # `correction` dates what was recorded before


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ClockState(_Strict):
    """How the wall clock was known when the entry was made."""

    source: Literal["chrony", "systemd-timesyncd", "kernel", "unknown"] = "unknown"
    synchronized: bool | None = None
    offset_ns: NanosecondDifference | None = None
    uncertainty_ns: Nanoseconds | None = None


class Moment(_Strict):
    """One instant on the clocks that the recorder knows. `pts_90k` counts from the start of its run."""

    wall_ns: Nanoseconds
    mono_ns: Nanoseconds
    pts_90k: int | None = None


class ClockCorrection(_Strict):
    """What the wall clock should have said: in `boot`, true wall time = mono_ns + `wall_minus_mono_ns`.

    It holds for every moment of the entries `first_number` to `last_number`, all of one boot, whose wall clock was
    not synchronized or was off. The entries themselves stay as they were signed.
    """

    boot: str = Field(pattern=r"^[0-9a-f-]{1,36}$")
    first_number: int = Field(ge=1, lt=10**10)
    last_number: int = Field(ge=1, lt=10**10)
    wall_minus_mono_ns: NanosecondDifference
    uncertainty_ns: Nanoseconds | None = None


SourceName = Literal["camera", "second-camera", "microphone", "second-microphone"]


class VideoTrack(_Strict):
    kind: Literal["video"] = "video"
    codec: str
    width: int = Field(gt=0)
    height: int = Field(gt=0)
    rate: float | None = None


class MicrophoneTrack(_Strict):
    """One microphone on a channel of its own."""

    source: SourceName
    drift_ppm: float | None = None


class AudioTrack(_Strict):
    kind: Literal["audio"] = "audio"
    codec: str
    rate: int = Field(gt=0)
    channels: int = Field(gt=0)
    drift_ppm: float | None = Field(
        None, description="microphone clock against the timeline, as corrected by resampling"
    )
    microphones: list[MicrophoneTrack] | None = Field(
        None, max_length=2, description="by channel, where each has a clock of its own"
    )


Track = Annotated[VideoTrack | AudioTrack, Field(discriminator="kind")]


class SealedBytes(_Strict):
    """The age file as stored: what the archive holds and the receipt proves."""

    algorithm: Literal["age-x25519"] = "age-x25519"
    sha256: Digest
    size: int = Field(gt=0, lt=MOST_BYTES)


class FragmentProof(_Strict):
    """One `moof`+`mdat` inside the opened segment. `offset` and `size` in bytes of the opened file."""

    offset: int = Field(ge=0, lt=MOST_BYTES)
    size: int = Field(gt=0, lt=MOST_BYTES)
    start_pts_90k: int
    end_pts_90k: int
    sha256: Digest


class OpenedBytes(_Strict):
    """The fragmented MP4 inside. `sha256` is None for a recovered segment: its tail was never finished."""

    sha256: Digest | None
    size: int = Field(gt=0, lt=MOST_BYTES)
    init_size: int = Field(gt=0, lt=MOST_BYTES, description="bytes of ftyp+moov before the first fragment")
    init_sha256: Digest
    fragments: list[FragmentProof]


class Entry(_Strict):
    """What every chain entry carries."""

    format: Literal["shilu-manifest-1"] = "shilu-manifest-1"
    hash_algorithm: Literal["sha-256"] = "sha-256"
    device: Identifier
    room: Identifier
    number: int = Field(ge=1, lt=10**10, description="place in the device's chain, from 1, without holes")
    previous: Digest | None = Field(description="SHA-256 of the JWS before this one; None only for number 1")
    made: Moment
    clock: ClockState = ClockState()


class SegmentManifest(Entry):
    kind: Literal["segment"] = "segment"
    run: Identifier
    sequence: int = Field(ge=0, lt=10**9, description="place in the run, from 0")
    start: Moment
    end: Moment
    tracks: list[Track]
    session: Identifier | None = Field(None, description="session open at any moment of this segment")
    tag_sha256: Digest | None = Field(None, description="SHA-256 of the sealed case tag known when sealed")
    sealed: SealedBytes
    opened: OpenedBytes
    recovered: bool = False
    replaces: list[Digest] | None = Field(
        None,
        max_length=64,
        description="None: an ordinary segment. Else from the second copy, standing for these entries (SHA-256 of each"
        " JWS), whose own files are lost, damaged or shorter; empty: nothing of it stands elsewhere",
    )


class EntryRange(_Strict):
    """Entries of this device's chain by number, both ends among them."""

    first: int = Field(ge=1, lt=10**10)
    last: int = Field(ge=1, lt=10**10)

    @model_validator(mode="after")
    def _in_order(self) -> EntryRange:
        if self.last < self.first:
            raise ValueError("last is before first")
        return self


class GapManifest(Entry):
    """Footage is missing on `track` from `start` to `end`; other tracks may go on."""

    kind: Literal["gap"] = "gap"
    track: Literal["all", "video", "audio"]
    start: Moment
    end: Moment
    cause: GapCause
    run: Identifier | None = Field(None, description="the run whose track was filled; None for a break between runs")
    source: SourceName | None = Field(None, description="where only a part of the track is missing: that source's part")
    session: Identifier | None = None
    expired: EntryRange | None = Field(
        None, description="only with expired-unarchived: the segments whose bytes are gone, all of `run`"
    )


class NoteManifest(Entry):
    """Something that happened at `made`. `officer` is an account's random id, never a name."""

    kind: Literal["note"] = "note"
    note: NoteKind
    session: Identifier | None = None
    tag_sha256: Digest | None = None
    officer: Identifier | None = None
    signed_in: Literal["online", "offline"] | None = None
    detail: str | None = Field(None, max_length=200, description="codes and versions only")
    correction: ClockCorrection | None = None


Manifest = Annotated[SegmentManifest | GapManifest | NoteManifest, Field(discriminator="kind")]
MANIFEST: TypeAdapter[SegmentManifest | GapManifest | NoteManifest] = TypeAdapter(Manifest)


def moments(manifest: SegmentManifest | GapManifest | NoteManifest) -> list[Moment]:
    """Every moment that the entry names."""
    if isinstance(manifest, NoteManifest):
        return [manifest.made]
    return [manifest.made, manifest.start, manifest.end]
