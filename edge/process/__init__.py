"""What every process of a room does alike: close itself off, tell the service manager that it lives."""
