"""The program for the county centre: accounts, rooms, devices, sessions, archive, review, live, pages."""
