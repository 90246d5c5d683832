"""REST: translates HTTP to services and back; holds no rule of the domain."""
