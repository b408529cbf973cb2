"""shilu-live: hands the room's packets to WebRTC viewers. Never touches devices, spool or keys."""
