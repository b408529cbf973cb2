"""`shilu-live`: reads the settings, sets up the log, runs until SIGTERM. Exit 2: wrong settings."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
from pathlib import Path
from typing import Annotated

import typer

from config.loading import SettingsError, load_settings
from config.process import LiveSettings
from edge.live.room_live import RoomLive
from edge.process.closing_off import FOR_THE_GROUP, PRIVATE, close_off
from edge.process.log import set_up_log
from streaming.local_socket import UnknownUser, named_peers

application = typer.Typer(
    help="Shows the room to those who may watch it live.", pretty_exceptions_enable=False, add_completion=False
)


@application.command()
def run(
    settings: Annotated[Path, typer.Option("--settings", help="TOML file, see config/examples/live.toml")] = Path(
        "/etc/shilu/live.toml"
    ),
) -> None:
    """Run until SIGTERM."""
    try:
        loaded = load_settings(settings, LiveSettings)
        peers = named_peers(loaded.agent_user)
    except (SettingsError, UnknownUser) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from None
    close_off(FOR_THE_GROUP if loaded.agent_user else PRIVATE)
    set_up_log(loaded.log_level, logging.ERROR)  # addresses and candidates stay out of it
    asyncio.run(_until_told(RoomLive(loaded, peers)))


async def _until_told(live: RoomLive) -> None:
    running = asyncio.create_task(live.run())
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, running.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await running


def main() -> None:
    application()
