"""Real drivers in an emulated machine: pictures and sound, the card unplugged and plugged in again, in one run."""

from __future__ import annotations

import os

import pytest

from tests.device.rig import faults, look


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.skipif(os.getuid() != 0, reason="only root can hand its files to the emulated machine")
def test_a_real_camera_and_a_real_card_are_recorded_and_the_card_comes_back() -> None:
    assert faults(look()) == []
