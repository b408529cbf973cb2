"""The room's own page on loopback: recording state, sessions, case numbers. Works without a line to the centre."""
