"""`script/demo`: reads what was asked for, runs the house until Ctrl-C, or the smoke test and its one JSON line."""

from __future__ import annotations

import argparse
import json
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType

from httpx import HTTPError

from demo.console import ConsoleRefused
from demo.house import House
from demo.place import Place, PlaceTaken
from demo.processes import StartFailed
from demo.sources import BadSource, Source, camera_source, microphone_source
from demo.viewer import ViewerRefused
from demo.welcome import welcome

ROOT = Path(__file__).resolve().parent.parent


class Stopped(Exception):
    """Ctrl-C, or the terminal is gone."""


def say(sentence: str) -> None:
    """For people: standard output belongs to the smoke test's JSON."""
    print(sentence, file=sys.stderr, flush=True)


def main() -> int:
    options = _options()
    try:
        camera = camera_source(options.camera)
        microphone = microphone_source(options.microphone, camera)
    except BadSource as error:
        say(f"script/demo: {error}")
        return 2
    for name in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(name, _stop)
    try:
        if options.smoke:
            return _smoke(options, camera, microphone)
        return _demo(options, camera, microphone)
    except (PlaceTaken, StartFailed) as error:
        say(f"script/demo: {error}")
        return 1
    except Stopped:
        return 0


def _demo(options: argparse.Namespace, camera: Source, microphone: Source | None) -> int:
    house = _house(options, options.directory or ROOT / "build" / "demo")

    def stay() -> int:
        say(welcome(house))
        while True:
            time.sleep(0.25)
            house.watch()

    return _in_house(house, camera, microphone, stay)


def _smoke(options: argparse.Namespace, camera: Source, microphone: Source | None) -> int:
    from demo.smoke import run_story  # noqa: PLC0415 - the plain demo starts faster without decoders

    directory = options.directory
    if directory is None:
        (ROOT / "build").mkdir(exist_ok=True)
        directory = Path(tempfile.mkdtemp(prefix="smoke-", dir=ROOT / "build"))
    house = _house(options, directory)

    def story() -> int:
        try:
            outcome = run_story(house, camera, microphone, say)
        except (ConsoleRefused, ViewerRefused, HTTPError) as error:
            say(f"smoke: {error}")
            return 1
        print(json.dumps(outcome.figures), flush=True)
        for fault in outcome.faults:
            say(f"smoke: {fault}")
        return 1 if outcome.faults else 0

    code = _in_house(house, camera, microphone, story)
    if code == 0 and options.directory is None:
        shutil.rmtree(directory, ignore_errors=True)
    elif code:
        say(f"smoke: 现场保留在 {directory} / everything is kept in {directory}")
    return code


def _in_house(house: House, camera: Source, microphone: Source | None, then: Callable[[], int]) -> int:
    """Start, do it, and stop in order whatever happens."""
    try:
        house.start(camera, microphone)
        return then()
    finally:
        for name in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            signal.signal(name, signal.SIG_IGN)  # stopping is under way; a second Ctrl-C must not break its order
        say("正在按顺序停止，录像全部保留 / stopping in order; everything recorded is kept")
        house.stop()
        house.place.close()


def _house(options: argparse.Namespace, directory: Path) -> House:
    place = Place(directory)
    place.keep_store(options.store)
    ports, taken = place.choose_ports(options.port)
    for port in taken:
        say(f"端口 {port} 已被占用，改用其他端口 / port {port} is taken, using another")
    return House(place, ports, options.store, say)


def _stop(_number: int, _frame: FrameType | None) -> None:
    raise Stopped


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="script/demo",
        description="县中心、归档存储和一个接谈室，全部在本机运行 / the whole system on this machine",
    )
    parser.add_argument("--camera", metavar="X", help="/dev/video0, rtsp://user:password@host/path or a media file")
    parser.add_argument("--microphone", metavar="X", help="a sound card, `default`, rtsp://…, a media file, or `none`")
    parser.add_argument("--store", choices=("s3", "local"), default="s3", help="s3: SeaweedFS; local: a directory")
    parser.add_argument("--smoke", action="store_true", help="the whole story without hands; prints one JSON line")
    parser.add_argument("--directory", type=Path, help="where the demo keeps everything (build/demo)")
    parser.add_argument("--port", type=int, help="the centre's port (8470)")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
