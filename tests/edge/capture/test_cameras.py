"""Cameras by a name that lasts: on a made /sys and /dev, since no machine for tests has a camera."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from config.room import PictureSettings
from config.room import V4l2Source as V4l2Settings
from edge.capture import v4l2
from edge.capture.cameras import captures_pictures, lasting_name, present_cameras
from edge.capture.v4l2 import V4l2Source

NAME = "usb-Maker_Room_Camera_0001-video-index0"


def made(directory: Path, *nodes: tuple[str, str, str]) -> tuple[Path, tuple[Path, ...], Path]:
    """Nodes as (node, index, name), with links by id for the first one."""
    dev, system, links = directory / "dev", directory / "sys", directory / "dev" / "v4l" / "by-id"
    links.mkdir(parents=True)
    for node, index, name in nodes:
        (system / node).mkdir(parents=True)
        (system / node / "index").write_text(index + "\n")
        (system / node / "name").write_text(name + "\n")
        (dev / node).touch()
    if nodes:
        (links / NAME).symlink_to(dev / nodes[0][0])
    return system, (links,), dev


def test_a_camera_is_named_by_its_link_and_its_other_nodes_are_left_out(tmp_path: Path) -> None:
    nodes, links, dev = made(
        tmp_path, ("video2", "0", "Room Camera"), ("video3", "1", "Room Camera"), ("video10", "0", "Bare")
    )
    found = present_cameras(nodes, links, dev, asks=False)
    assert [(one.device, one.node, one.name) for one in found] == [
        (str(links[0] / NAME), str(dev / "video2"), "Room Camera"),
        (str(dev / "video10"), str(dev / "video10"), "Bare"),
    ]
    assert [one.lasts for one in found] == [True, False]


def test_without_cameras_there_are_none(tmp_path: Path) -> None:
    assert present_cameras(tmp_path / "sys", (tmp_path / "links",), tmp_path) == []


@pytest.mark.parametrize(
    ("of_all", "own", "is_camera"),
    [
        (0x84A00001, 0x04200001, True), (0x84A00001, 0x04A00000, False), (0x00000001, 0, True), (0x1, 0x800000, True),
        (0x84201000, 0x04201000, True), (0x00000002, 0, False),
    ],
)  # fmt: skip
def test_the_driver_says_whether_a_node_gives_pictures(of_all: int, own: int, is_camera: bool, tmp_path: Path) -> None:
    def answers(_file: int, request: int, answer: bytearray) -> int:
        assert request == 0x80685600
        assert len(answer) == 104
        struct.pack_into("=2I", answer, 84, of_all, own)
        return 0

    (tmp_path / "video0").touch()
    assert captures_pictures(str(tmp_path / "video0"), answers) is is_camera


def test_what_is_no_camera_can_not_be_asked(tmp_path: Path) -> None:
    (tmp_path / "video0").touch()
    assert captures_pictures(str(tmp_path / "video0")) is None
    assert captures_pictures(str(tmp_path / "video1")) is None


def test_a_name_that_lasts_stays_and_one_without_a_link_too(tmp_path: Path) -> None:
    _, links, dev = made(tmp_path, ("video0", "0", "Room Camera"))
    assert lasting_name(str(links[0] / NAME), links) == str(links[0] / NAME)
    assert lasting_name(str(links[0] / "gone"), links) == str(links[0] / "gone")
    assert lasting_name(str(dev / "video7"), links) == str(dev / "video7")


def test_a_camera_opened_by_number_is_opened_again_by_its_lasting_name(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []

    class Container:
        class streams:
            video = (None,)

        def demux(self, _stream: object) -> object:
            return iter(())

        def close(self) -> None:
            opened.append("closed")

    monkeypatch.setattr(v4l2.av, "open", lambda device, *_, **__: (opened.append(device), Container())[1])
    monkeypatch.setattr(v4l2, "lasting_name", lambda _device: f"/dev/v4l/by-id/{NAME}")
    source = V4l2Source(V4l2Settings(device="/dev/video0"), PictureSettings())
    for _ in range(2):
        source.open()
        source.close()
    assert opened == ["/dev/video0", "closed", f"/dev/v4l/by-id/{NAME}", "closed"]
