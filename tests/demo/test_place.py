"""The demo's directory: one demo at a time, free ports, private files, stopping by Ctrl-C and going on."""

from __future__ import annotations

import base64
import json
import signal
import socket
import stat
import subprocess
import sys
import time
import tomllib
from pathlib import Path

import pytest

from demo.people import load_accounts
from demo.place import Place, PlaceTaken, to_toml


def test_one_directory_holds_one_demo_at_a_time(tmp_path: Path) -> None:
    first = Place(tmp_path)
    with pytest.raises(PlaceTaken, match="runs here already"):
        Place(tmp_path)
    first.close()
    Place(tmp_path).close()


def test_a_taken_port_is_replaced_and_named(tmp_path: Path) -> None:
    place = Place(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = busy.getsockname()[1]
        ports, taken = place.choose_ports(port)
        assert port in taken
        assert port not in (ports.centre, ports.console)
    again, taken = place.choose_ports(None)
    assert (again, taken) == (ports, [])
    place.close()


def test_two_demos_that_start_at_once_take_different_ports(tmp_path: Path) -> None:
    first, second = Place(tmp_path / "one"), Place(tmp_path / "two")
    one, _ = first.choose_ports(None)
    two, taken = second.choose_ports(None)
    assert not {one.centre, one.console} & {two.centre, two.console}
    assert taken
    first.close()
    second.close()


def test_an_archive_keeps_its_kind(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.keep_store("local")
    with pytest.raises(PlaceTaken, match="--store local"):
        place.keep_store("s3")
    place.close()


def test_settings_are_toml_and_accounts_are_private(tmp_path: Path) -> None:
    values = {"name": '接谈"室\\', "port": 8470, "demo": True, "archive": {"kind": "local", "directory": Path("/a b")}}
    assert tomllib.loads(to_toml(values)) == {**values, "archive": {"kind": "local", "directory": "/a b"}}
    accounts = load_accounts(tmp_path / "accounts.txt")
    assert stat.S_IMODE((tmp_path / "accounts.txt").stat().st_mode) == 0o600
    assert load_accounts(tmp_path / "accounts.txt") == accounts
    assert set(accounts) == {"officer", "duty-officer", "supervisor", "administrator"}


@pytest.mark.timeout(200)
def test_ctrl_c_stops_in_order_and_the_next_start_goes_on(tmp_path: Path) -> None:
    chain = tmp_path / "room" / "recorder" / "spool" / "chain"
    lengths = []
    for _ in range(2):
        run_and_interrupt(tmp_path)
        lengths.append(len(list(chain.glob("*.jws"))))
        last = max(chain.glob("*.jws")).read_text().split(".")[1]
        assert '"recorder-stopped"' in decoded(last)
    assert lengths[1] > lengths[0] > 0


def run_and_interrupt(directory: Path) -> None:
    command = [sys.executable, "-m", "demo", "--directory", directory, "--store", "local"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as demo:
        assert demo.stderr is not None
        said = []
        for line in demo.stderr:
            said.append(line)
            if "Ctrl-C" in line:
                break
        assert demo.poll() is None, "".join(said)
        time.sleep(2)
        demo.send_signal(signal.SIGINT)
        rest = demo.stderr.read()
        assert demo.wait(60) == 0, "".join(said) + rest
    assert "was killed" not in rest


def decoded(part: str) -> str:
    return json.dumps(json.loads(base64.urlsafe_b64decode(part + "==")))
