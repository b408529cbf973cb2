"""The centre hears from the room itself who watches, and by their random ids only."""

from __future__ import annotations

from edge.agent.board import Board


def test_the_status_names_the_viewers() -> None:
    board = Board("0.1.0")
    assert board.link_status()["viewers"] == []
    board.viewers = [{"viewer": "a" * 32, "name": "某甲", "unit": "青石镇"}, {"name": "某乙"}]
    status = board.link_status()
    assert status["viewers"] == ["a" * 32]
    assert "某甲" not in str(status)
