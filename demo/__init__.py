"""The demo: starts archive, centre and one room on one machine and shows the whole story. Never shipped."""
