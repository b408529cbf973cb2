"""Finds out whether somebody is in the room: movement in the picture, voice in the sound. Knows nobody."""
