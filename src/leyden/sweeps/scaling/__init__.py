"""Scaling laws: how a loss falls with the size of a model and the amount of data."""
