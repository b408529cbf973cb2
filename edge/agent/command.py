"""`shilu-agent`: reads the settings, sets up the log, runs or enrols. Exit 2: wrong settings; 1: refused."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from config.loading import SettingsError, load_settings
from config.process import AgentSettings
from edge.agent.agent import Agent, run_agent
from edge.agent.centre_client import UnsafeAddress
from edge.agent.trouble import Trouble
from edge.process.closing_off import close_off
from edge.process.log import set_up_log
from storage.errors import StorageError

application = typer.Typer(
    help="The room's link to the county centre, and its console page.", pretty_exceptions_enable=False
)
SettingsFile = Annotated[Path, typer.Option("--settings", help="TOML file, see config/examples/agent.toml")]


@application.callback(invoke_without_command=True)
def start(context: typer.Context, settings: SettingsFile = Path("/etc/shilu/agent.toml")) -> None:
    """Run the agent (also without a command)."""
    context.obj = settings
    if context.invoked_subcommand is None:
        _run(settings)


@application.command()
def run(context: typer.Context) -> None:
    """Run until SIGTERM."""
    _run(context.obj)


@application.command()
def enrol(
    context: typer.Context,
    code: Annotated[str, typer.Argument(help="the code that the county centre made for this room")],
    settings: Annotated[Path | None, typer.Option("--settings")] = None,
) -> None:
    """Enrol this room with a code, then stop. The recorder must run; a running agent goes on from there."""
    with _told():
        asyncio.run(_enrol(_load(settings or context.obj), code))


async def _enrol(settings: AgentSettings, code: str) -> None:
    agent = Agent(settings)
    try:
        await agent.look_at_recorder()
        await agent.enrolment.enrol(code)
        fingerprint = (await agent.recorder.identity())["fingerprint"]
    finally:
        await agent.close()
    typer.echo(f"已登记，等待县中心确认。请与管理员核对本机指纹：\n  {fingerprint}")
    typer.echo("Enrolled; now an administrator compares this fingerprint at the centre and confirms the room.")


def _run(path: Path) -> None:
    with _told():
        asyncio.run(run_agent(_load(path)))


def _load(path: Path) -> AgentSettings:
    close_off()
    settings = load_settings(path, AgentSettings)
    set_up_log(settings.log_level, logging.WARNING)
    return settings


@contextlib.contextmanager
def _told() -> Iterator[None]:
    """Turns what can be wrong from the start into a sentence and an exit code."""
    try:
        yield
    except (SettingsError, UnsafeAddress) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from None
    except (Trouble, StorageError) as error:
        typer.echo(f"{error.message}\n{error.message_en}", err=True)
        raise typer.Exit(1) from None


def main() -> None:
    application()


if __name__ == "__main__":
    main()
