"""The live link of every room: status in, commands out, state broadcast to pages. Keeps nothing but in memory."""
