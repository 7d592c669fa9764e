"""The code of the project."""
