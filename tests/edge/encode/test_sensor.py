"""Temperature and humidity: shown when they can be true and are new, never waited for."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from config.room import SensorSettings
from edge.encode.sensor import STALE_NS, Freshness, Sensor, read_hwmon, read_json

S = 1_000_000_000
WALL = 1_795_000_000 * S


@contextmanager
def watching(path: Path, kind: str = "json") -> Iterator[Sensor]:
    sensor = Sensor(SensorSettings.model_validate({"kind": kind, "path": str(path)}), every_s=0.02)
    sensor.start()
    yield sensor
    sensor.stop()


def wait_for(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 3
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_file_that_a_driver_writes_is_shown_and_followed(tmp_path: Path) -> None:
    file = tmp_path / "climate.json"
    with watching(file) as sensor:
        assert sensor.text == ""
        file.write_text('{"temperature_c": 21.46, "humidity_pct": 40, "battery": 3}')
        wait_for(lambda: sensor.text == "21.5°C 40%RH")
        file.write_text('{"temperature_c": -3}')
        wait_for(lambda: sensor.text == "-3.0°C")
        file.unlink()
        wait_for(lambda: sensor.text == "")


@pytest.mark.parametrize(
    "content",
    [
        b"", b"21.5", b"[]", b"not json", b'{"temperature_c": "warm"}', b'{"temperature_c": true}',
        b'{"temperature_c": NaN, "humidity_pct": Infinity}', b'{"temperature_c": 900, "humidity_pct": -1}',
        b'{"temperature_c": 21' + b" " * 5000 + b"}", b"\xff\xfe", b"[" * 4000,
    ],
)  # fmt: skip
def test_nonsense_is_not_shown(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "climate.json"
    file.write_bytes(content)
    with watching(file) as sensor:
        time.sleep(0.06)
        assert sensor.text == ""


def test_what_was_written_long_ago_is_not_shown(tmp_path: Path) -> None:
    file = tmp_path / "climate.json"
    file.write_text('{"temperature_c": 21.5}')
    os.utime(file, (time.time() - 90, time.time() - 90))
    with watching(file) as sensor:
        time.sleep(0.06)
        assert sensor.text == ""
        file.write_text('{"temperature_c": 21.5}')
        wait_for(lambda: sensor.text != "")


def test_a_pipe_or_a_device_holds_nobody_up(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", tmp_path, Path("/dev/zero")):
        with pytest.raises((ValueError, OSError)):
            read_json(path)


def test_the_kernels_own_files_are_read(tmp_path: Path) -> None:
    (tmp_path / "temp1_input").write_text("21460\n")
    assert read_hwmon(tmp_path).climate.text == "21.5°C"
    (tmp_path / "humidity1_input").write_text("40100\n")
    assert read_hwmon(tmp_path).climate.text == "21.5°C 40%RH"
    (tmp_path / "temp1_input").write_text("fault\n")
    assert read_hwmon(tmp_path).climate.text == "40%RH"
    with watching(tmp_path, "hwmon") as sensor:
        wait_for(lambda: sensor.text == "40%RH")


def test_a_wall_clock_that_is_set_does_not_make_old_new_or_new_old() -> None:
    freshness, written = Freshness(), WALL
    assert freshness.is_fresh(written, WALL + 10 * S, 100 * S)
    assert freshness.is_fresh(written, WALL + 86_400 * S, 149 * S)  # a day forward: still 59 s old
    assert not freshness.is_fresh(written, WALL, 151 * S)
    assert freshness.is_fresh(written + S, WALL - 86_400 * S, 152 * S)  # written again, whatever its time says
    assert not freshness.is_fresh(written + S, WALL, 152 * S + STALE_NS + 1)


def test_a_file_from_the_future_is_believed_once_it_changes() -> None:
    freshness = Freshness()
    assert not freshness.is_fresh(WALL + 500 * S, WALL, S)
    assert freshness.is_fresh(WALL + 505 * S, WALL + 5 * S, 6 * S)
