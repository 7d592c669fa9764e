"""From overrides to objects: compose -> check -> fit_to_data -> build."""
