"""Reads over several models, for display."""
