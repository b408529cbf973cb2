"""Looking at footage: register first, then segments opened on the way out; findings, download."""
