"""The base: settings models and their example files. Imports nothing of ours."""
