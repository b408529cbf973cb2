"""What rooms sent for keeping: entries let into the chain, bytes checked and receipted, tags, alarms."""
