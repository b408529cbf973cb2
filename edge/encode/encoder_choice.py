"""Which encoder makes the picture: the PC's own where a probe shows that it works, else libx264.

Each kind of picture is probed once in a process's life, beside the recording, never before it: until a probe has
answered, libx264 records; a better one found then begins a run of its own, outside sessions. An encoder that fails
later is not used again in this life. Not tried on hardware.
"""

from __future__ import annotations

import glob
import logging
import subprocess
import sys
import threading
from collections.abc import Callable

from config.room import PictureSettings
from edge.encode.video_encoder import SOFTWARE

LOG = logging.getLogger("shilu.encoder")
PROBE_S = 10.0
DEVICES = {"h264_qsv": "/dev/dri/renderD*", "h264_v4l2m2m": "/dev/video*"}  # in order of preference

Probe = Callable[[str, PictureSettings], str | None]
_Kind = tuple[int, int, int, int]


def here() -> tuple[str, ...]:
    """Encoders whose device nodes exist on this machine."""
    return tuple(name for name, nodes in DEVICES.items() if glob.glob(nodes))


def probe_apart(name: str, settings: PictureSettings) -> str | None:
    """`fault_of` in a process of its own, with an end: what hangs or crashes there is a fault like any other."""
    size = (settings.width, settings.height, settings.rate, settings.bitrate_kbps)
    command = [sys.executable, "-m", "edge.encode.encoder_probe", name, *map(str, size)]
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=PROBE_S, check=False)
    except (subprocess.TimeoutExpired, OSError) as error:
        return type(error).__name__
    answer = done.stdout.decode(errors="replace").strip().splitlines()
    if done.returncode != 0 or not answer:
        return f"the probe ended with {done.returncode}"
    return None if answer[-1] == "ok" else answer[-1]


class EncoderChoice:
    """One for the life of a process. Every call may come from any thread and returns at once."""

    def __init__(self, candidates: Callable[[], tuple[str, ...]] = here, probe: Probe = probe_apart) -> None:
        self._candidates, self._probe = candidates, probe
        self._lock = threading.Lock()
        self._found: dict[_Kind, str] = {}
        self._asked: set[_Kind] = set()
        self._failed: set[str] = set()

    def prepare(self, settings: PictureSettings) -> None:
        """Begin to find out, where it is not known yet."""
        kind = _kind(settings)
        with self._lock:
            if settings.encoder == SOFTWARE or kind in self._asked:
                return
            self._asked.add(kind)
        names = self._candidates()
        if not names:
            self._found[kind] = SOFTWARE
            return
        threading.Thread(target=self._find, args=(names, settings), name="encoder-probe", daemon=True).start()

    def is_settled(self, settings: PictureSettings) -> bool:
        return settings.encoder == SOFTWARE or _kind(settings) in self._found

    def name_for(self, settings: PictureSettings) -> str:
        """The best one that is known to work now."""
        if settings.encoder == SOFTWARE:
            return SOFTWARE
        name = self._found.get(_kind(settings), SOFTWARE)
        return SOFTWARE if name in self._failed else name

    def give_up(self, name: str) -> None:
        """It failed while recording: the next run does without it."""
        if name != SOFTWARE:
            LOG.error("encoder %s failed; libx264 takes its place until the recorder starts anew", name)
            self._failed.add(name)

    def _find(self, names: tuple[str, ...], settings: PictureSettings) -> None:
        for name in names:
            fault = self._probe_one(name, settings)
            if fault is None:
                self._found[_kind(settings)] = name
                return
            LOG.info("encoder %s is not used: %s", name, fault)
        self._found[_kind(settings)] = SOFTWARE

    def _probe_one(self, name: str, settings: PictureSettings) -> str | None:
        try:
            return self._probe(name, settings)
        except Exception as error:  # noqa: BLE001 - whatever a probe does, a room records
            return type(error).__name__


def _kind(settings: PictureSettings) -> _Kind:
    return settings.width, settings.height, settings.rate, settings.bitrate_kbps
