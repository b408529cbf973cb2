"""The room's own store: sealed segments, the signed chain, the index over both. Only the recorder writes here."""
