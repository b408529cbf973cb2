"""The recorder process: one life of it, its commands, its status. Capture and encoding stand in `edge/pipeline`."""
