"""The command `shilu-center`: serve, and the few things that are done on the centre's own machine."""

from __future__ import annotations

import getpass
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
import uvicorn
from pydantic import ValidationError

from config.loading import SettingsError, load_settings
from config.process import LOOPBACK, CenterSettings
from control_api.accounts import people
from control_api.accounts.permissions import Role
from control_api.app import create_app
from control_api.center import open_center
from control_api.database.engine import Database, WrongDatabase, database_url, open_database
from control_api.devices.service import list_devices
from control_api.errors import CenterError
from control_api.keys import NoRecoveryKey, create_recovery_key, open_keys, set_recovery_recipient
from control_api.logging import set_up_logging
from storage.errors import StorageError

cli = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
SettingsFile = Annotated[Path, typer.Option("--settings", help="The centre's settings file (TOML).")]


class UnsafeSettings(Exception):
    """Settings that would put people's passwords on the line in the clear, or a demo on a network."""


@cli.command()
def serve(settings: SettingsFile) -> None:
    """Run the centre until it is told to stop (SIGTERM, Ctrl-C)."""
    with _plain_errors():
        loaded = load_settings(settings, CenterSettings)
        check_exposure(loaded)
        set_up_logging(loaded.log_level)
        center = open_center(loaded)
        app = create_app(center)
    uvicorn.run(
        app,
        host=loaded.host,
        port=loaded.port,
        ssl_certfile=loaded.certificate,
        ssl_keyfile=loaded.certificate_key,
        log_config=None,
        access_log=False,  # addresses hold random ids only, but who looked at what belongs in the register
        server_header=False,
        timeout_graceful_shutdown=5,
        ws_max_size=1 << 20,
    )


@cli.command()
def create_administrator(
    name: Annotated[str, typer.Argument(help="Sign-in name, lower-case letters and digits.")],
    settings: SettingsFile,
    unit: Annotated[
        str, typer.Option(help="The administrator's unit; made when there is none of this name.")
    ] = "县接待中心",
) -> None:
    """Make an account that can make all others. The password is asked for, or read from standard input."""
    with _plain_errors():
        loaded = load_settings(settings, CenterSettings)
        password = getpass.getpass("密码 / password: ") if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")
        with _database(loaded) as database, database.writing() as session:
            now_ns = time.time_ns()
            units = {row.name: row for row in people.list_units(session)}
            home = units.get(unit) or people.create_unit(session, None, now_ns, name=unit, kind="county")
            account = people.create_account(
                session,
                None,
                now_ns,
                sign_in_name=name,
                display_name=name,
                unit_id=home.id,
                role=Role.ADMINISTRATOR,
                password=password,
                must_change_password=False,
            )
        typer.echo(f"已建立管理员 {account.sign_in_name}。 / Made the administrator {account.sign_in_name}.")


@cli.command("create-recovery-key")
def create_recovery(
    out: Annotated[Path, typer.Option("--out", help="Where to write the secret key; must not exist.")],
) -> None:
    """On an offline PC: make the key that opens footage when the centre is lost. Prints its public recipient."""
    with _plain_errors():
        recipient = create_recovery_key(out)
        typer.echo(recipient)
        typer.echo(
            "请将密钥文件离线妥善保管，勿放在中心服务器上。 / Keep the key file offline, away from the centre.",
            err=True,
        )


@cli.command("set-recovery-recipient")
def set_recovery(recipient: Annotated[str, typer.Argument(help="age1…")], settings: SettingsFile) -> None:
    """Seal new footage to this key too. Takes effect when the centre is started again."""
    with _plain_errors():
        set_recovery_recipient(load_settings(settings, CenterSettings).data_directory, recipient)
        typer.echo("已登记，重新启动中心后生效。 / Recorded; start the centre again.")


@cli.command("export-keys")
def export_keys(settings: SettingsFile) -> None:
    """Print the public keys that a verification needs: the centre's and every device's, one a line."""
    with _plain_errors():
        loaded = load_settings(settings, CenterSettings)
        keys = open_keys(loaded.data_directory, recovery_required=False)
        typer.echo(f"{keys.signing.public.text} centre {keys.signing.public.fingerprint}")
        with _database(loaded) as database, database.reading() as session:
            for device in list_devices(session):
                typer.echo(f"{device.chain_key} device {device.id} room {device.room_id} {device.fingerprint}")


def check_exposure(settings: CenterSettings) -> None:
    """Raises UnsafeSettings: a demo leaves loopback never, anything else without TLS only behind a proxy."""
    if settings.demo and settings.host not in LOOPBACK:
        raise UnsafeSettings(
            '演示只能在本机（127.0.0.1）运行。 / A demo listens on loopback only; set host = "127.0.0.1".'
        )
    if (settings.certificate is None) != (settings.certificate_key is None):
        raise UnsafeSettings("certificate 与 certificate_key 须同时设置。 / Set certificate and certificate_key both.")
    if settings.host not in LOOPBACK and settings.certificate is None:
        raise UnsafeSettings(
            "对外提供服务须使用证书：请设置 certificate 和 certificate_key，或只监听 127.0.0.1 并由代理提供 HTTPS。 / "
            "Serving a network needs a certificate: set certificate and certificate_key, or listen on 127.0.0.1 "
            "behind a proxy that speaks HTTPS."
        )


@contextmanager
def _database(settings: CenterSettings) -> Iterator[Database]:
    settings.data_directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    database = open_database(database_url(settings.database_url, settings.data_directory), demo=settings.demo)
    try:
        yield database
    finally:
        database.close()


@contextmanager
def _plain_errors() -> Iterator[None]:
    """What a person can act on is said in a sentence, not in a traceback."""
    try:
        yield
    except (StorageError, CenterError) as error:
        raise _exit(f"{error.message} / {error}") from None
    except (SettingsError, WrongDatabase, NoRecoveryKey, UnsafeSettings) as error:
        raise _exit(str(error)) from None
    except FileExistsError as error:
        raise _exit(f"文件已存在，未覆盖：{error.filename} / The file exists and was not overwritten.") from None
    except ValidationError as error:
        raise _exit(f"不是 age 公钥 / not an age recipient: {error.errors()[0]['msg']}") from None


def _exit(sentence: str) -> typer.Exit:
    typer.echo(f"shilu-center: {sentence}", err=True)
    return typer.Exit(1)


def main() -> None:
    cli()
