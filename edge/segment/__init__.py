"""Cuts the encoded run into fragments and segments."""
