"""From overrides to objects: compose -> check -> resolve_config -> build."""
