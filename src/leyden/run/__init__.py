"""A run on disk: its folder, its record, its checkpoints, its log, and reading them back."""
