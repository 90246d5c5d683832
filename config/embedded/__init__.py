"""PostgreSQL and Redis from Python wheels, run as child processes: one command, nothing to install by hand.

This package knows nothing of Django, so it can start what Django's settings need.
"""
