"""The pages: translates forms and clicks to services; holds no rule of the domain."""
