"""`shilu-recorder`: reads the settings, closes the process off, serves its sockets, runs until SIGTERM.

Exit 0: stopped in order. 1: cannot start, the sentence says why. 2: wrong settings. 70: gave up, start it anew.
"""

from __future__ import annotations

import asyncio
import fcntl
import logging
import os
import signal
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, TextIO

import structlog
import typer

from config.loading import SettingsError, load_settings
from config.process import RecorderSettings
from edge.capture.cameras import present_cameras
from edge.process.closing_off import FOR_THE_GROUP, PRIVATE, close_off
from edge.process.loop_watch import Beat, LoopWatch
from edge.process.service_manager import READY, STOPPING, tell
from edge.process.watchdog import EVENT_LOOP_NS, WAITS_FOR_DISK_NS, Loop
from edge.recorder.command_server import CommandServer
from edge.recorder.commands import Commands
from edge.recorder.devices import as_json, as_table, present_sound_cards
from edge.recorder.media_server import MediaServer
from edge.recorder.pinning import PinDamaged
from edge.recorder.recorder import Recorder
from edge.recorder.recording import Outlets
from storage.disk import make_directories
from storage.errors import StorageError
from streaming.local_socket import Peers, UnknownUser, named_peers

log = structlog.get_logger("recorder")
application = typer.Typer(help="Records the room.", pretty_exceptions_enable=False, add_completion=False)
GAVE_UP = 70
TICK_S = 1.0
SHARED_DIRECTORY = 0o750  # as far as the umask lets it: the group is let in where another user reads the spool


@application.callback(invoke_without_command=True)
def run(
    context: typer.Context,
    settings: Annotated[Path, typer.Option("--settings", help="TOML file, see config/examples/recorder.toml")] = Path(
        "/etc/shilu/recorder.toml"
    ),
) -> None:
    """Run until SIGTERM."""
    if context.invoked_subcommand is not None:
        return
    try:
        loaded = load_settings(settings, RecorderSettings)
        allowed = Allowed(named_peers(loaded.agent_user), named_peers(loaded.agent_user, loaded.live_user))
    except (SettingsError, UnknownUser) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from None
    close_off(FOR_THE_GROUP if loaded.agent_user or loaded.live_user else PRIVATE)
    set_up_log(loaded.log_level)
    make_directories(loaded.data_directory / "recorder", SHARED_DIRECTORY)
    make_directories(loaded.run_directory, SHARED_DIRECTORY)
    try:
        with open_lock(loaded.data_directory / "recorder" / "lock") as lock:
            take_lock(lock)
            asyncio.run(serve(loaded, allowed))
    except (StorageError, PinDamaged, AlreadyRunning) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None


@application.command()
def devices(as_json_line: Annotated[bool, typer.Option("--json", help="one JSON object")] = False) -> None:
    """List cameras and sound cards as a room's configuration names them."""
    cameras, cards = present_cameras(), present_sound_cards()
    typer.echo(as_json(cameras, cards) if as_json_line else as_table(cameras, cards))


@dataclass(frozen=True, slots=True)
class Allowed:
    """Who may give orders, and who may look on. Whoever shows the room to the network gives no orders."""

    orders: Peers
    media: Peers


class AlreadyRunning(Exception):
    """Another recorder holds this data directory: two would write one chain."""


def open_lock(path: Path) -> TextIO:
    """Its own user's alone: who may open it could hold it, and no recorder would start."""
    return os.fdopen(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, 0o600), "w")


def take_lock(lock: TextIO) -> None:
    """Held until the process ends, however it ends."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        raise AlreadyRunning(
            "本数据目录已有录像程序在运行。Another recorder runs on this data directory; stop it first."
        ) from error


async def serve(settings: RecorderSettings, allowed: Allowed) -> None:
    """Sockets first, so that somebody can ask; then the recording; until told to stop."""
    loop, stopping = asyncio.get_running_loop(), asyncio.Event()
    recorder: Recorder | None = None
    media = MediaServer(
        settings.run_directory / "media.sock",
        lambda: recorder.want_key_frame() if recorder else None,
        allowed.media,
    )
    recorder = Recorder(settings, Outlets(media.picture, media.sound, media.run_started, give_up))
    commands = CommandServer(settings.run_directory / "recorder.sock", Commands(recorder).answer, allowed.orders)
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stopping.set)
    await media.start()
    await commands.start()
    recorder.start()
    log.info("started")
    tell(READY)
    turning = Turning(recorder)
    turning.start()
    while not stopping.is_set():
        await asyncio.to_thread(recorder.tick)
        turning.ticks += 1
        try:
            await asyncio.wait_for(stopping.wait(), TICK_S)
        except TimeoutError:
            continue
    turning.stop()
    tell(STOPPING)
    await commands.stop()
    await asyncio.to_thread(recorder.stop)
    await media.stop()
    log.info("stopped")


class Turning:
    """All loops of this process under one watch; the service manager's watchdog is fed while every one turns."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder, self._beat, self.ticks = recorder, Beat(), 0
        self._watch = LoopWatch(self._loops, self._is_stuck, give_up)

    def start(self) -> None:
        """From within the event loop."""
        self._beating = asyncio.create_task(self._beat.run())
        self._watch.start()

    def stop(self) -> None:
        self._watch.stop()
        self._beating.cancel()

    def _loops(self) -> list[Loop]:
        return [
            Loop("event-loop", 0, self._beat.turns, EVENT_LOOP_NS),
            Loop("tick", 0, self.ticks, WAITS_FOR_DISK_NS),
            *self._recorder.watched_loops(),
        ]

    def _is_stuck(self, loop: Loop) -> None:
        if loop.name in ("event-loop", "tick"):
            give_up(TimeoutError(f"{loop.name} stands still"))
        self._recorder.is_stuck(loop)


def give_up(error: BaseException) -> None:
    """End at once, as a crash would: the next start reads the disk again and recovers what stands there."""
    log.error("gave-up", error=type(error).__name__, reason=str(error) if isinstance(error, TimeoutError) else "")
    sys.stderr.flush()
    os._exit(GAVE_UP)


def set_up_log(level: str) -> None:
    """JSON lines on standard error, the standard library's loggers among them. No case, no person ever stands here."""
    number = logging.getLevelNamesMapping()[level.upper()]
    shared: list[structlog.typing.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.stdlib.LoggerFactory(),
    )
    # A descriptor of its own: PortAudio's start points standard error elsewhere for as long as it takes.
    handler = logging.StreamHandler(os.fdopen(os.dup(sys.stderr.fileno()), "w", encoding="utf-8"))
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
        )
    )
    logging.basicConfig(level=number, handlers=[handler], force=True)


def main() -> None:
    application()


if __name__ == "__main__":
    main()
