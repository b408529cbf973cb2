"""The room PCs: how they enrol, are confirmed, prove themselves, get their configuration and are replaced."""
