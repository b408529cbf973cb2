"""Rooms: made, renamed, configured, looked at. A room keeps its identity when its device is replaced."""
