"""What people decided, written into the archive too, so that the database can be rebuilt from the archive alone."""
