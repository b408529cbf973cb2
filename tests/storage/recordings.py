"""Small real recordings for the tests here: H.264 and AAC in fragments, sealed, signed and chained as a room does."""

from __future__ import annotations

import functools
import hashlib
import io
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from storage.boxes import FragmentBytes, fragment_times, split_fragments, track_timescales
from storage.chain import EMPTY, AnyManifest, ChainHead, sign_entry
from storage.manifest import (
    AudioTrack,
    EntryRange,
    FragmentProof,
    GapCause,
    GapManifest,
    Moment,
    NoteKind,
    NoteManifest,
    OpenedBytes,
    SealedBytes,
    SegmentManifest,
    VideoTrack,
)
from storage.receipt import Receipt, sign_receipt
from storage.sealing import IdentityOpener, SealedWriter, generate_identity
from storage.signing import SigningKey, jws_sha256

NS = 1_000_000_000
SEGMENT_S = 2
START_NS = 1_800_000_000 * NS
TRACKS = [VideoTrack(codec="avc1", width=160, height=120, rate=25.0), AudioTrack(codec="mp4a", rate=48000, channels=1)]


@dataclass(frozen=True)
class Footage:
    """One run: init bytes, and per segment its fragments as (bytes, start, end in 1/90000)."""

    init: bytes
    segments: list[list[tuple[bytes, int, int]]]


@functools.cache
def footage(segments: int = 3) -> Footage:
    init, fragments = split_fragments(_encode(segments * SEGMENT_S))
    scale = track_timescales(init)[1]
    grouped: list[list[tuple[bytes, int, int]]] = [[] for _ in range(segments)]
    for fragment in fragments:
        start, end = _span(fragment, scale)
        grouped[min(start // (SEGMENT_S * 90_000), segments - 1)].append((fragment.data, start, end))
    return Footage(init, grouped)


def _span(fragment: FragmentBytes, scale: int) -> tuple[int, int]:
    times = fragment_times(fragment.data)[1]
    return times.start * 90_000 // scale, (times.start + times.duration) * 90_000 // scale


def _encode(seconds: int) -> bytes:
    sink = io.BytesIO()
    options = {"movflags": "empty_moov+default_base_moof+frag_keyframe", "frag_duration": "500000", "use_editlist": "0"}
    with av.open(sink, "w", format="mp4", options=options) as output:
        video = output.add_stream("libx264", rate=25, options={"preset": "ultrafast", "tune": "zerolatency", "g": "50"})
        video.width, video.height, video.pix_fmt = 160, 120, "yuv420p"
        audio = output.add_stream("aac", rate=48000, layout="mono")
        for index in range(seconds * 25):
            picture = av.VideoFrame.from_ndarray(
                np.full((120, 160, 3), (index + 7 * seconds) % 250, np.uint8), format="rgb24"
            )
            picture.pts, picture.time_base = index, Fraction(1, 25)
            output.mux(video.encode(picture))
            sound = av.AudioFrame.from_ndarray(np.zeros((1, 1920), np.float32), format="fltp", layout="mono")
            sound.sample_rate, sound.pts, sound.time_base = 48000, index * 1920, Fraction(1, 48000)
            output.mux(audio.encode(sound))
        output.mux(video.encode())
        output.mux(audio.encode())
    return sink.getvalue()


@dataclass
class Room:
    """Writes a spool as a room does: chain/, segments/; ids are fixed so that failures read alike."""

    spool: Path
    key: SigningKey = field(default_factory=SigningKey.generate)
    centre: SigningKey = field(default_factory=SigningKey.generate)
    identity: str = field(default_factory=lambda: generate_identity()[0])
    device: str = "d" * 32
    room: str = "a" * 32
    wall_ns: int = START_NS
    head: ChainHead = EMPTY
    entries: list[tuple[AnyManifest, str]] = field(default_factory=list)

    @property
    def opener(self) -> IdentityOpener:
        return IdentityOpener(self.identity)

    @property
    def segments(self) -> list[SegmentManifest]:
        return [manifest for manifest, _ in self.entries if isinstance(manifest, SegmentManifest)]

    def record_run(self, run: str = "1" * 32, segments: int = 3) -> None:
        anchor = Moment(wall_ns=self.wall_ns, mono_ns=5 * NS, pts_90k=0)
        for sequence in range(segments):
            self.record_segment(run, sequence, anchor, segments)
        self.wall_ns += segments * SEGMENT_S * NS

    def record_segment(self, run: str, sequence: int, anchor: Moment, segments: int) -> SegmentManifest:
        parts = footage(segments)
        path = self.segment_path(run, sequence)
        path.parent.mkdir(parents=True, exist_ok=True)
        proofs: list[FragmentProof] = []
        opened = hashlib.sha256(parts.init)
        with SealedWriter(path, self.opener.recipients) as writer:
            writer.write(parts.init)
            for data, start, end in parts.segments[sequence]:
                proofs.append(
                    FragmentProof(
                        offset=writer.position,
                        size=len(data),
                        start_pts_90k=start,
                        end_pts_90k=end,
                        sha256=hashlib.sha256(data).hexdigest(),
                    )
                )
                writer.write(data)
                opened.update(data)
            result = writer.finish()
        manifest = SegmentManifest(
            **self._common(),
            run=run,
            sequence=sequence,
            start=_moment(anchor, proofs[0].start_pts_90k),
            end=_moment(anchor, proofs[-1].end_pts_90k),
            tracks=TRACKS,
            sealed=SealedBytes(sha256=result.sha256, size=result.size),
            opened=OpenedBytes(
                sha256=opened.hexdigest(),
                size=result.opened_size,
                init_size=len(parts.init),
                init_sha256=hashlib.sha256(parts.init).hexdigest(),
                fragments=proofs,
            ),
        )
        self.append(manifest)
        return manifest

    def record_gap(self, seconds: int, cause: GapCause = GapCause.NOT_RUNNING) -> None:
        start = Moment(wall_ns=self.wall_ns, mono_ns=0)
        self.wall_ns += seconds * NS
        end = Moment(wall_ns=self.wall_ns, mono_ns=0)
        self.append(GapManifest(**self._common(), track="all", start=start, end=end, cause=cause))

    def record_expired(self, run: str, first: int, last: int) -> None:
        """What a room writes before footage goes that the archive never had."""
        at = Moment(wall_ns=START_NS, mono_ns=0)
        gap = {"track": "all", "start": at, "end": at, "cause": GapCause.EXPIRED_UNARCHIVED, "run": run}
        self.append(GapManifest(**self._common(), **gap, expired=EntryRange(first=first, last=last)))

    def note(self, kind: NoteKind = NoteKind.RECORDER_STARTED) -> None:
        self.append(NoteManifest(**self._common(), note=kind))

    def append(self, manifest: AnyManifest) -> str:
        jws = sign_entry(manifest, self.key)
        self.head = ChainHead(manifest.number, jws_sha256(jws))
        self.entries.append((manifest, jws))
        self.entry_path(manifest.number).parent.mkdir(parents=True, exist_ok=True)
        self.entry_path(manifest.number).write_text(jws)
        return jws

    def receipt(self, manifest: SegmentManifest) -> str:
        jws = dict((entry.number, jws) for entry, jws in self.entries)[manifest.number]
        receipt = Receipt(
            manifest_sha256=jws_sha256(jws),
            object_key="rooms/x",
            version_id="v1",
            sealed_sha256=manifest.sealed.sha256,
            size=manifest.sealed.size,
            received_wall_ns=self.wall_ns,
            store="s3-object-lock",
        )
        return sign_receipt(receipt, self.centre)

    def segment_path(self, run: str, sequence: int) -> Path:
        return self.spool / f"segments/{run}/{sequence:06d}.mp4.age"

    def entry_path(self, number: int) -> Path:
        return self.spool / f"chain/{number:010d}.jws"

    def open_segment(self, manifest: SegmentManifest) -> bytes:
        with self.segment_path(manifest.run, manifest.sequence).open("rb") as file:
            return b"".join(self.opener.open(file))

    def _common(self) -> dict:
        made = Moment(wall_ns=self.wall_ns, mono_ns=1)
        return {
            "device": self.device,
            "room": self.room,
            "number": self.head.number + 1,
            "previous": self.head.sha256,
            "made": made,
        }


def _moment(anchor: Moment, pts_90k: int) -> Moment:
    elapsed = pts_90k * NS // 90_000
    return Moment(wall_ns=anchor.wall_ns + elapsed, mono_ns=anchor.mono_ns + elapsed, pts_90k=pts_90k)
