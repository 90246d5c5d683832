"""A project as one file, and a project made from one. docs/retention.md tells what is in it."""
