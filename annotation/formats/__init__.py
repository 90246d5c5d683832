"""The formats in which snapshots are downloaded: one module each, all pure. Each reads the rows from the Parquet master."""
