"""Everything that changes rows: one module per noun."""
