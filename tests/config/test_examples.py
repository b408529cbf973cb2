"""Every example settings file loads, and each process has one."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import BaseModel

from config.loading import load_settings
from config.process import AgentSettings, CenterSettings, LiveSettings, RecorderSettings

EXAMPLES = Path(__file__).resolve().parents[2] / "config" / "examples"
MODELS: dict[str, type[BaseModel]] = {
    "recorder": RecorderSettings,
    "live": LiveSettings,
    "agent": AgentSettings,
    "center": CenterSettings,
    "center-local": CenterSettings,
}


def test_each_process_has_an_example_and_no_example_is_without_a_test() -> None:
    assert {path.stem for path in EXAMPLES.glob("*.toml")} == set(MODELS)


@pytest.mark.parametrize("name", MODELS)
def test_example_loads(name: str) -> None:
    load_settings(EXAMPLES / f"{name}.toml", MODELS[name])
