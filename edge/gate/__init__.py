"""Decides what of the running recording is kept, and holds the half minute before in memory."""
