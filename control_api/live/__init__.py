"""Watching a room as it happens: the register first, then offer and answer carried between browser and room."""
