"""Rows of other programs taken apart: one module each, and `registry.PLATFORMS` that knows them all."""
