"""What a room's processes do alike: close themselves off, set up their log, tell the service manager that they live."""
