"""What people do: projects, schemas, items, leases, annotations, and the pages and REST around them."""
