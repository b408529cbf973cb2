"""Lives of a test's spool, all ended after it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.edge.spool.spool_room import Keys, Life


@pytest.fixture
def keys() -> Keys:
    return Keys()


@pytest.fixture
def begin_life(tmp_path: Path, keys: Keys) -> Iterator[Callable[..., Life]]:
    """Each call ends the life before it by a crash and opens the same spool anew."""
    lives: list[Life] = []

    def begin(**changes: Any) -> Life:
        if lives:
            lives[-1].crash()
        lives.append(Life(tmp_path / "spool", keys, **changes))
        return lives[-1]

    yield begin
    if lives:
        lives[-1].crash()
