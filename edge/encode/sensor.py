"""Temperature and humidity from a file, for the picture. Read in a thread of its own: no driver can hold a picture up.

What is nonsense or older than a minute is not shown; nothing else depends on it.
"""

from __future__ import annotations

import json
import math
import os
import stat
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from config.room import SensorSettings

READ_EVERY_S = 5.0
STALE_NS = 60_000_000_000
_MOST_BYTES = 4096
_TEMPERATURES_C = (-40.0, 85.0)
_HUMIDITIES_PCT = (0.0, 100.0)


@dataclass(frozen=True, slots=True)
class Climate:
    """What a sensor says; None where it says nothing that can be true."""

    temperature_c: float | None = None
    humidity_pct: float | None = None

    @property
    def text(self) -> str:
        """As it stands on the picture; empty when there is nothing."""
        parts = [] if self.temperature_c is None else [f"{self.temperature_c:.1f}°C"]
        if self.humidity_pct is not None:
            parts.append(f"{self.humidity_pct:.0f}%RH")
        return " ".join(parts)


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read, and the file's own time (None: the kernel answers with the value of now)."""

    climate: Climate
    written_wall_ns: int | None = None


class Freshness:
    """Pure: since when a file is known not to have changed, whatever the wall clock does meanwhile."""

    def __init__(self) -> None:
        self._written_wall_ns: int | None = None
        self._changed_mono_ns: int | None = None

    def is_fresh(self, written_wall_ns: int, wall_ns: int, mono_ns: int) -> bool:
        if written_wall_ns != self._written_wall_ns:
            first, self._written_wall_ns = self._written_wall_ns is None, written_wall_ns
            age_ns = wall_ns - written_wall_ns
            known = not first or 0 <= age_ns <= STALE_NS
            self._changed_mono_ns = (mono_ns - (age_ns if first else 0)) if known else None
        return self._changed_mono_ns is not None and mono_ns - self._changed_mono_ns <= STALE_NS


class Sensor:
    """`text` from any thread, at once. `start` once, `stop` once; a driver that hangs is left behind."""

    def __init__(self, settings: SensorSettings, every_s: float = READ_EVERY_S) -> None:
        self._read: Callable[[Path], Reading] = read_json if settings.kind == "json" else read_hwmon
        self._path = Path(settings.path)
        self._every_s = every_s
        self._freshness = Freshness()
        self._shown: tuple[str, int] = ("", 0)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._work, name="sensor", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()

    @property
    def text(self) -> str:
        text, read_mono_ns = self._shown
        return text if time.monotonic_ns() - read_mono_ns <= STALE_NS else ""

    def _work(self) -> None:
        while not self._stopping.is_set():
            try:
                self._shown = (self._look(), time.monotonic_ns())
            except Exception:  # noqa: BLE001 - whatever stands in that file, there is just nothing to show
                self._shown = ("", 0)
            self._stopping.wait(self._every_s)

    def _look(self) -> str:
        reading, mono_ns = self._read(self._path), time.monotonic_ns()
        written = reading.written_wall_ns
        if written is not None and not self._freshness.is_fresh(written, time.time_ns(), mono_ns):
            return ""
        return reading.climate.text


def read_json(path: Path) -> Reading:
    """`{"temperature_c": 21.5, "humidity_pct": 40}`. Raises OSError or ValueError."""
    data, written_wall_ns = _read_file(path)
    found = json.loads(data)
    if not isinstance(found, dict):
        raise ValueError("not a JSON object")
    climate = Climate(
        _plausible(found.get("temperature_c"), _TEMPERATURES_C), _plausible(found.get("humidity_pct"), _HUMIDITIES_PCT)
    )
    return Reading(climate, written_wall_ns)


def read_hwmon(folder: Path) -> Reading:
    """temp1_input and humidity1_input in thousandths, as the kernel's hwmon gives them. A missing one is None."""
    return Reading(
        Climate(
            _plausible(_thousandths(folder / "temp1_input"), _TEMPERATURES_C),
            _plausible(_thousandths(folder / "humidity1_input"), _HUMIDITIES_PCT),
        )
    )


def _thousandths(path: Path) -> float | None:
    try:
        return int(_read_file(path)[0]) / 1000
    except (OSError, ValueError):
        return None


def _read_file(path: Path) -> tuple[bytes, int]:
    """At most 4 KB of a plain file, and when it was written. A pipe or a device is refused instead of waited for."""
    file = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        status = os.fstat(file)
        if not stat.S_ISREG(status.st_mode):
            raise ValueError("not a plain file")
        data = os.read(file, _MOST_BYTES + 1)
    finally:
        os.close(file)
    if len(data) > _MOST_BYTES:
        raise ValueError("more than 4 KB")
    return data, status.st_mtime_ns


def _plausible(value: object, limits: tuple[float, float]) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value) if limits[0] <= value <= limits[1] else None
