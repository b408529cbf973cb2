"""The command line: a centre is made from nothing, and refuses what would not be safe, in a sentence."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import structlog
from typer.testing import CliRunner

from config.process import CenterSettings, LocalArchive
from control_api.command import UnsafeSettings, check_exposure, cli
from storage.sealing import IdentityOpener

PASSWORD = "four plain words here"


@pytest.fixture(autouse=True)
def plain_logging() -> Iterator[None]:
    """A command sets up the process's logging; in-process runs must not leave it writing to a closed stream."""
    yield
    structlog.reset_defaults()


def write_settings(directory: Path, **more: str) -> Path:
    path = directory / "center.toml"
    lines = [f'data_directory = "{directory / "data"}"', "port = 0", *(f"{key} = {text}" for key, text in more.items())]
    path.write_text("\n".join([*lines, "[archive]", 'kind = "local"', f'directory = "{directory / "archive"}"']))
    return path


def run(*arguments: str | Path, given: str = "") -> tuple[int, str]:
    result = CliRunner().invoke(cli, [str(one) for one in arguments], input=given)
    return result.exit_code, result.output


def test_an_administrator_is_made_once(tmp_path: Path) -> None:
    settings = write_settings(tmp_path)
    code, said = run("create-administrator", "guanli", "--settings", settings, given=f"{PASSWORD}\n")
    assert (code, "guanli" in said) == (0, True)
    code, said = run("create-administrator", "guanli", "--settings", settings, given=f"{PASSWORD}\n")
    assert (code, "taken" in said) == (1, True)
    code, said = run("create-administrator", "other", "--settings", settings, given="short\n")
    assert (code, "Traceback" in said) == (1, False)


def test_the_recovery_key_is_made_apart_and_named_to_the_centre(tmp_path: Path) -> None:
    settings = write_settings(tmp_path)
    code, said = run("serve", "--settings", settings)
    assert (code, "create-recovery-key" in said) == (1, True)
    key = tmp_path / "recovery.identity"
    code, said = run("create-recovery-key", "--out", key)
    recipient = said.splitlines()[0]
    assert recipient == IdentityOpener.load(key).recipients[0]
    assert key.stat().st_mode & 0o077 == 0
    assert run("create-recovery-key", "--out", key)[0] == 1
    assert run("set-recovery-recipient", "age1nonsense", "--settings", settings)[0] == 1
    assert run("set-recovery-recipient", recipient, "--settings", settings)[0] == 0
    code, said = run("export-keys", "--settings", settings)
    assert (code, said.split()[1]) == (0, "centre")


def test_a_demo_and_a_real_centre_keep_apart(tmp_path: Path) -> None:
    run("create-administrator", "guanli", "--settings", write_settings(tmp_path, demo="true"), given=f"{PASSWORD}\n")
    code, said = run("export-keys", "--settings", write_settings(tmp_path))
    assert (code, "demo" in said) == (1, True)


@pytest.mark.parametrize(
    ("values", "word"),
    [({"demo": True, "host": "0.0.0.0"}, "loopback"), ({"host": "0.0.0.0"}, "HTTPS"), ({"certificate": "a"}, "both")],
)
def test_what_would_be_unsafe_is_refused(tmp_path: Path, values: dict[str, object], word: str) -> None:
    settings = CenterSettings(
        data_directory=tmp_path,
        archive=LocalArchive(directory=tmp_path),
        **values,  # type: ignore[arg-type]
    )
    with pytest.raises(UnsafeSettings, match=word):
        check_exposure(settings)


def test_a_mistyped_key_is_named(tmp_path: Path) -> None:
    code, said = run("serve", "--settings", write_settings(tmp_path, county_nam='"x"'))
    assert (code, "county_name" in said) == (1, True)


def test_it_serves_and_stops_in_order(tmp_path: Path) -> None:
    settings = write_settings(tmp_path, demo="true")
    port = _free_port()
    settings.write_text(settings.read_text().replace("port = 0", f"port = {port}"))
    command = [sys.executable, "-c", "from control_api.command import main; main()", "serve", "--settings", settings]
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env={**os.environ, "PYTHONPATH": os.getcwd()})
    try:
        _wait(f"http://127.0.0.1:{port}/api/health", process)
        base = f"http://127.0.0.1:{port}"
        said = httpx.post(f"{base}/api/session", json={"name": "XF2026-000123", "password": "x"}, trust_env=False)
        assert said.status_code == 401
        httpx.get(f"{base}/XF2026-000123?q=XF2026-000123", trust_env=False)
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) in (0, -signal.SIGTERM)
    finally:
        process.kill()
        process.wait()
    log_text = (tmp_path / "log").read_text()
    assert "Traceback" not in log_text
    assert "XF2026" not in log_text


def _free_port() -> int:
    import socket  # noqa: PLC0415

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait(url: str, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 30
    while time.monotonic() < until:
        assert process.poll() is None, "it stopped by itself"
        try:
            if httpx.get(url, trust_env=False).status_code == 200:
                return
        except httpx.HTTPError:
            time.sleep(0.1)
    raise AssertionError("it did not answer")
