"""The program for the room PC: from capture to upload, with health, agent and room console."""
