"""Measurements against named peers. Measures and reports; never part of what runs in a room or at the centre."""
