"""Real drivers in an emulated machine: pictures and sound, unplugged and plugged in again, in one run."""

from __future__ import annotations

import os

import pytest

from tests.device.rig import faults, look


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.skipif(os.getuid() != 0, reason="only root can hand its files to the emulated machine")
def test_a_real_camera_and_a_real_card_are_recorded_and_come_back_when_they_were_unplugged() -> None:
    assert faults(look()) == []
