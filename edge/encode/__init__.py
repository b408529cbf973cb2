"""Pictures and sound become packets, once. Knows no muxer, no disk and no viewer."""
