"""Series: those that are forecast, and those that have a class each."""
