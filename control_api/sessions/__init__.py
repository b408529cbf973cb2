"""Sessions: derived from what rooms signed, found, tagged with cases, remarked on, held."""
