"""Ties capture, timeline, encoding and segments together. Knows no disk, no network and no session."""
