"""Brings sealed segments to the archive: what goes next (`policy`), how it goes (`uploader`)."""
