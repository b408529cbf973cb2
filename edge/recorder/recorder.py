"""One life of the recorder: its key, the centre it is pinned to, what it was told to record, and the recording.

Every method that answers a command may be called from any thread and may wait for the disk. Before enrolment nothing
is recorded; afterwards recording needs nothing and nobody.
"""

from __future__ import annotations

import base64
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import structlog

from config.process import RecorderSettings
from edge.health.fault import Choice, Reason
from edge.process.watchdog import Loop
from edge.recorder.clock import read_clock_state
from edge.recorder.configuration import Orders, check_newer, keep_orders, load_orders, open_orders
from edge.recorder.keeping import Disks, Keeping
from edge.recorder.pinning import Pinned, load_pinned, pin
from edge.recorder.recording import Outlets, RoomRecording
from edge.recorder.recording_facts import with_recording
from edge.recorder.refusal import Refusal
from edge.recorder.session_desk import SessionDesk
from edge.recorder.status import Facts, State, describe_status
from edge.recorder.version import program_version
from edge.spool.disk_gauge import DiskGauge
from edge.spool.disk_room import is_out_of_room
from edge.spool.moments import present
from edge.spool.pruning import receipt_fits
from storage.disk import make_directories
from storage.enrolment_code import PROOF_PREFIX
from storage.receipt import open_receipt
from storage.signing import SigningKey, encode_base64url

log = structlog.get_logger("recorder")


class Recorder:
    """`start` once, `stop` once."""

    def __init__(self, settings: RecorderSettings, outlets: Outlets) -> None:
        self._directory = settings.data_directory / "recorder"
        self._mirror_directory = settings.mirror_directory
        self._outlets = outlets
        self._version = program_version()
        self._lock = threading.RLock()
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="recorder")
        self._key = load_or_make_key(self._directory / "keys" / "chain.key")
        self._pinned: Pinned | None = load_pinned(self._directory / "pinned.json")
        self._orders: Orders | None = None
        self._problems: list[str] = []
        self._recording: RoomRecording | None = None
        self._out_of_room = False
        self._gauge = DiskGauge(self._directory)
        self._state: State = "unenrolled"
        self._since_wall_ns = present().wall_ns

    def start(self) -> None:
        """Record at once what is configured already; otherwise wait for `pin` and `configure`."""
        self._gauge.start()
        if self._pinned is not None:
            self._load_orders(self._pinned)
            self._work(self._begin)

    def stop(self) -> None:
        self._gauge.stop()
        self._worker.shutdown(wait=True, cancel_futures=True)
        if self._recording is not None:
            self._recording.stop()

    def tick(self) -> None:
        """Called every second: notices a change of state, and begins what a full disk or an open session put off."""
        status = self._describe()
        if self._recording is not None:
            self._recording.health.look(status, present())
        if self._out_of_room or (self._recording is not None and self._recording.change_waits):
            self._work(self._begin)

    def watched_loops(self) -> list[Loop]:
        """The loops of the recording's threads, for the watchdog."""
        return self._recording.watched_loops() if self._recording else []

    def is_stuck(self, loop: Loop) -> None:
        """From the watchdog's thread: one of these loops stands still."""
        if self._recording is not None:
            self._recording.is_stuck(loop)

    def want_key_frame(self) -> None:
        if self._recording is not None:
            self._recording.want_key_frame()

    # Enrolment and configuration.

    def identity(self) -> dict[str, Any]:
        public = self._key.public
        return {
            "chain_key": public.text,
            "fingerprint": public.fingerprint,
            "pinned": self._pinned is not None,
            "version": self._version,
        }

    def prove(self, challenge: str) -> dict[str, Any]:
        """The only thing that is ever signed on request, and recognisable as nothing else."""
        return {"signature": encode_base64url(self._key.sign_raw(PROOF_PREFIX + challenge.encode()))}

    def pin(self, centre_key: str, device: str, room: str) -> dict[str, Any]:
        with self._lock:
            self._pinned = pin(self._directory / "pinned.json", centre_key, device, room)
            log.info("pinned", device=device, room=room)
        self._work(self._begin)
        return {}

    def configure(self, configuration: str, sealing: str) -> dict[str, Any]:
        """Checked and kept before the answer; the recording follows at once."""
        with self._lock:
            if self._pinned is None:
                raise Refusal(
                    "not-pinned", "本机尚未登记到中心，请先登记。", "This device is not enrolled yet; enrol it first."
                )
            offered = open_orders(configuration, sealing, self._pinned)
            check_newer(self._orders, offered)
            if offered != self._orders:
                keep_orders(self._directory, offered)
                self._orders = offered
                self._problems = []
                log.info("configured", configuration=offered.configuration.version, sealing=offered.sealing.version)
                self._work(self._begin)
        return {}

    # Sessions.

    def open_session(self, session: str, officer: str, signed_in: str, tag_sha256: str | None = None) -> dict[str, Any]:
        recording = self._recording
        if recording is None or self._describe()["state"] not in ("recording", "degraded", "standby"):
            raise Refusal(
                "not-recording",
                "现在没有在录像，不能开始接访场次；请查看状态。",
                "The room is not recording now, so no session can be opened; see the status.",
            )
        return SessionDesk(recording, self._lock).open(session, officer, signed_in, tag_sha256)

    def tag_session(self, session: str, tag_sha256: str, officer: str, signed_in: str) -> dict[str, Any]:
        return SessionDesk(self._opened(), self._lock).tag(session, tag_sha256, officer, signed_in)

    def close_session(self, session: str, officer: str, signed_in: str) -> dict[str, Any]:
        return SessionDesk(self._opened(), self._lock).close(session, officer, signed_in)

    def decide_fault(
        self, session: str, choice: Choice, reason: Reason, officer: str, signed_in: str
    ) -> dict[str, Any]:
        """What the officer chose when recording failed in the open session. `stop` closes nothing by itself."""
        recording = self._opened()
        with self._lock:
            recording.keeping.sessions.may_close(session)
            note = recording.health.decide(session, choice, reason, officer, signed_in)
        return {"made_wall_ns": note.made.wall_ns}

    # What the agent brings from the centre.

    def receipt(self, receipt: str) -> dict[str, Any]:
        recording, pinned = self._opened(), self._pinned
        opened = open_receipt(receipt, pinned.centre) if pinned else None
        row = recording.keeping.index.entry(opened.manifest_sha256) if opened else None
        if opened is None or row is None:
            raise _unknown_entry()
        if not receipt_fits(opened, row):
            raise Refusal(
                "receipt-does-not-fit",
                "回执与本机条目不符，文件继续保留。",
                "The receipt speaks of other bytes than this entry's; the file stays.",
            )
        recording.keeping.index.mark_receipted(row.number, receipt)
        return {}

    def refused(self, manifest_sha256: str, code: str, reason: str) -> dict[str, Any]:
        recording = self._opened()
        row = recording.keeping.index.entry(manifest_sha256)
        if row is None:
            raise _unknown_entry()
        recording.keeping.index.mark_refused(row.number, code)
        log.error("entry-refused", number=row.number, code=code)
        return {}

    # How it is.

    def status(self) -> dict[str, Any]:
        return self._describe()

    def preview(self) -> dict[str, Any]:
        recording = self._recording
        jpeg = recording.pipeline.preview_jpeg() if recording and recording.pipeline else None
        if jpeg is None:
            raise Refusal("no-picture", "现在没有画面，录像情况见状态。", "There is no picture now; see the status.")
        return {"jpeg": base64.b64encode(jpeg).decode(), "wall_ns": present().wall_ns}

    def _describe(self) -> dict[str, Any]:
        status = describe_status(self._facts(), self._since_wall_ns)
        if status["state"] != self._state:
            self._state, self._since_wall_ns = status["state"], status["wall_ns"]
            status["since_wall_ns"] = self._since_wall_ns
            log.info("state", state=self._state)
        return status if self._recording is None else self._recording.health.completed(status)

    def _facts(self) -> Facts:
        clock = read_clock_state()
        facts = Facts(
            now=present(),
            pinned=self._pinned is not None,
            configured=self._orders is not None,
            version=self._version,
            halted=self._out_of_room,
            disk_free_bytes=self._gauge.free_bytes or 0,
            clock_synchronized=clock.synchronized,
            clock=clock,
            lasting_problems=tuple(self._problems),
        )
        return facts if self._recording is None else with_recording(facts, self._recording)

    # The recording, begun and changed by one worker thread, so that no command waits for a camera.

    def _open_keeping(self, pinned: Pinned) -> Keeping:
        disks = Disks(
            spool=self._directory / "spool",
            mirror_directory=self._mirror_directory,
            free_bytes=lambda: self._gauge.free_bytes,
            failed=self._outlets.failed,
        )
        return Keeping(disks, self._key, pinned, read_clock_state, self._version)

    def _begin(self) -> None:
        with self._lock:
            pinned, orders = self._pinned, self._orders
        if pinned is None:
            return
        try:
            if self._recording is None:
                self._recording = RoomRecording(self._open_keeping(pinned), self._outlets, read_clock_state)
            if orders is not None:
                self._recording.record(orders)
            self._out_of_room = False
        except Exception as error:
            if not is_out_of_room(error):
                raise
            self._out_of_room = True
            log.error("disk-full", going_on="when there is room")

    def _work(self, work: Callable[[], None]) -> None:
        self._worker.submit(work).add_done_callback(self._report)

    def _report(self, done: Future[None]) -> None:
        if not done.cancelled() and (error := done.exception()) is not None:
            log.error("recording-failed", exc_info=error)
            self._outlets.failed(error)

    def _load_orders(self, pinned: Pinned) -> None:
        try:
            self._orders = load_orders(self._directory, pinned)
        except Refusal as refusal:
            log.error("configuration-unusable", code=refusal.code)
            self._problems = ["configuration-unusable"]

    def _opened(self) -> RoomRecording:
        if self._recording is None:
            raise Refusal(
                "not-recording", "本机尚未登记到中心，没有录像。", "This device is not enrolled; nothing is recorded."
            )
        return self._recording


def load_or_make_key(path: Path) -> SigningKey:
    """The chain's key: made here at the first start, never leaves this file. Raises BadKey."""
    make_directories(path.parent)
    if not path.exists():
        SigningKey.generate().save(path)
    return SigningKey.load(path)


def _unknown_entry() -> Refusal:
    return Refusal("unknown-entry", "本机没有这个条目。", "There is no such entry here.")
