"""The agent's process: builds its parts from the settings, runs their duties under one supervisor, stops in order.

Nothing here decides anything about footage: the recorder records whether this process runs or not.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import time
from dataclasses import dataclass, field

import structlog

from config.process import AgentSettings
from edge.agent.board import Board
from edge.agent.centre_client import Centre, trusted_certificates
from edge.agent.configuration_sync import ConfigurationSync, SyncTiming
from edge.agent.database import open_database
from edge.agent.enrolment import Enrolment, transport_key
from edge.agent.handover import Handover
from edge.agent.link import Link
from edge.agent.live_client import Live
from edge.agent.manifests import ManifestSender
from edge.agent.outbox import Outbox
from edge.agent.recorder_client import Recorder
from edge.agent.room_record import RoomRecord
from edge.agent.spool_reader import SpoolReader
from edge.agent.supervision import Supervisor
from edge.agent.trouble import LiveRefused
from edge.agent.trust import clock_synchronized
from edge.console.server import Console, ConsoleParts
from edge.process.service_manager import READY, STOPPING, tell, tell_alive
from edge.recorder.version import program_version
from edge.upload.archive_client import ArchiveClient
from edge.upload.line import Line
from edge.upload.tag_sender import TagSender
from edge.upload.uploader import Uploader, UploadTiming, Way

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Timing:
    """Rests between steps, in seconds. Tests shrink them."""

    status_s: float = 1.0
    status_watched_s: float = 0.2
    viewers_s: float = 1.0
    idle_s: float = 1.0
    link_s: float = 2.0
    first_pause_s: float = 1.0
    sync: SyncTiming = field(default_factory=SyncTiming)


class Agent:
    """One per process and data directory."""

    def __init__(self, settings: AgentSettings, timing: Timing | None = None) -> None:
        self.timing = timing or Timing()
        self.board = Board(program_version())
        own = settings.data_directory / "agent"
        self._trust = trusted_certificates(settings.ca_file, own / "known-time")
        certificates = self._trust.certificates
        self._database = open_database(own / "agent.sqlite")
        self.record = RoomRecord(self._database)
        self.outbox = Outbox(self._database)
        self.recorder = Recorder(settings.run_directory / "recorder.sock")
        self.live = Live((settings.live_directory or settings.run_directory) / "live.sock")
        self.centre = Centre(settings.centre_url, certificates, self.board.centre_answered)
        spool = SpoolReader(settings.data_directory / "recorder" / "spool")
        self.line = Line(self.board, self.record, spool)
        self._archive = ArchiveClient(settings.centre_url, certificates, self.line.pace)
        key = transport_key(own / "keys" / "transport.key")
        self.enrolment = Enrolment(self.recorder, self.centre, self.record, key, self.board.version)
        idle_s = self.timing.idle_s
        self._handover = Handover(self.recorder, spool, self.outbox, self.board, 2 * idle_s)
        self._manifests = ManifestSender(self.centre, spool, self.outbox, self.board, idle_s)
        self._tags = TagSender(self.centre, self.outbox, self.board, 2 * idle_s, self.timing.first_pause_s)
        self._uploader = Uploader(
            self.centre,
            Way(self._archive, self.line),
            spool,
            self.outbox,
            self.record,
            self._handover,
            self.board,
            UploadTiming(idle_s, self.timing.first_pause_s),
        )
        self._sync = ConfigurationSync(
            self.centre, self.recorder, self.record, self.outbox, self.board, self.timing.sync
        )
        self._link = Link(self.centre, certificates, self.live, self.board)
        self._link.every_s = self.timing.link_s
        self.supervisor = Supervisor(self.board, self.timing.first_pause_s)
        self.console = Console(self._console_parts(settings), settings.console_host, settings.console_port)
        self._pinned = False
        self._take_identity()
        self._add_duties()

    def _console_parts(self, settings: AgentSettings) -> ConsoleParts:
        return ConsoleParts(
            board=self.board,
            recorder=self.recorder,
            record=self.record,
            outbox=self.outbox,
            database=self._database,
            enrol=self._enrol_from_console,
            tag_kept=lambda: self.supervisor.wake("tags", "manifests", "handover"),
            watch=lambda: self.supervisor.wake("status"),
            demo=settings.demo,
        )

    def _add_duties(self) -> None:
        add, wake = self.supervisor.add, self.supervisor.wake
        add("status", self._read_status)
        add("identity", self._confirm_identity)
        add("configuration", self._sync.step)
        add("manifests", self._manifests.step)
        add("tags", self._tags.step)
        add("upload", self._uploader.step)
        add("line", self.line.step)
        add("handover", self._handover.step)
        add("link", self._link.step)
        add("viewers", self._read_viewers)
        self._manifests.pace = self.line.pace
        self._manifests.held_back = lambda: self.line.limit_kbps() is not None
        self._sync.chain_rewound = lambda: wake("manifests")
        self._manifests.entries_accepted = lambda: wake("upload")
        self._manifests.entries_refused = lambda: wake("handover")
        self._manifests.hole_found = self._go_back
        self._handover.tag_settled = self.console.tag_settled
        self._link.configuration_changed = lambda: wake("configuration")
        self._link.came_up = lambda: wake("configuration", "manifests", "tags", "upload")

    def _go_back(self) -> None:
        self._sync.chain_has_a_hole()
        self.supervisor.wake("configuration")

    async def run(self) -> None:
        """Until cancelled; the console answers first, so that a room without a line still has its page."""
        await self.console.start()
        alive = asyncio.create_task(tell_alive())
        tell(READY)
        log.info("agent-started", version=self.board.version, console=self.board.console)
        try:
            await self.supervisor.run()
        finally:
            tell(STOPPING)
            alive.cancel()
            await self.console.stop()
            await self.close()

    async def close(self) -> None:
        await self.centre.close()
        await self._archive.close()
        self._database.close()

    async def look_at_recorder(self) -> None:
        """How the recorder is, and with it how this PC's clock is known. Raises RecorderSilent."""
        self.board.recorder_says(await self.recorder.status())
        synchronized = clock_synchronized(self.board.recorder)
        self._trust.clock_is(synchronized)
        if synchronized:
            self._trust.time_is(time.time_ns())

    async def _read_status(self) -> float:
        await self.look_at_recorder()
        self.console.follow_recorder()
        return self.timing.status_watched_s if self.board.watchers else self.timing.status_s

    async def _confirm_identity(self) -> float:
        """The fingerprint for the screen; and the pin once more, since a crash may have come before it."""
        if not self.board.fingerprint:
            self.board.fingerprint = str((await self.recorder.identity()).get("fingerprint", ""))
        identity = self.record.identity()
        if identity is None:
            return self.timing.idle_s
        if not self._pinned:
            self._take_identity()  # `shilu-agent enrol` may have run beside this process
            await self.enrolment.pin(identity)
            self._pinned = True
        return 30.0

    def _take_identity(self) -> None:
        """Who we are is known without recorder and centre: an officer may sign in at once."""
        identity, names = self.record.identity(), self.record.names()
        if identity is not None and self.board.enrolment == "unenrolled":
            self.enrolment.identify(identity)
            self.board.enrolment = "active" if self.record.has_configuration() else "pending"
            self.board.unit_name, self.board.room_name = names.unit_name, names.room_name

    async def _enrol_from_console(self, code: str) -> None:
        await self.enrolment.enrol(code)
        self._pinned = True
        self._take_identity()
        self.supervisor.wake("configuration", "link", "identity")

    async def _read_viewers(self) -> float:
        """Who watches live, for the screens in the room. No live process: nobody can watch."""
        try:
            self.board.viewers = await self.live.viewers()
        except LiveRefused:
            self.board.viewers = []
        return self.timing.viewers_s


async def run_agent(settings: AgentSettings) -> None:
    """Until SIGTERM or SIGINT."""
    agent = Agent(settings)
    running = asyncio.create_task(agent.run())
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, running.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await running
