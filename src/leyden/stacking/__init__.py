"""Runs that differ only in numbers, trained together: their networks are one stacked network."""
