"""How workers make snapshots: one state of the database, read in chunks of items, shaped by column, kept as Parquet.

Loads Arrow, so only workers load it: from the bodies of tasks. docs/snapshots.md tells the whole of it.
"""
