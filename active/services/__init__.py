"""Everything that changes rows: how a project learns, embeddings, rounds, models."""
