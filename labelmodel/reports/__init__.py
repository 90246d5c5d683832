"""Reads for display: how good people are, and what label models did. No numerical libraries: workers have counted."""
