"""The running house that the stories share: real archive, real centre, real room."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.story.standing_house import StandingHouse


@pytest.fixture(scope="session")
def shared_house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandingHouse]:
    """Stories leave it running and sound: what they stop they start again, what they open they close."""
    house = StandingHouse(tmp_path_factory.mktemp("house"))
    try:
        house.start()
        yield house
    finally:
        house.stop()


@pytest.fixture(scope="module")
def standing(shared_house: StandingHouse) -> StandingHouse:
    """The shared house, whatever became of the story before."""
    shared_house.put_in_order()
    return shared_house
