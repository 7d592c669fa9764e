"""A run's model over HTTP, on LitServe."""
