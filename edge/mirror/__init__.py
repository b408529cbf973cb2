"""The second copy of what is recorded, on another disk: its own writer; it signs nothing and decides nothing."""
