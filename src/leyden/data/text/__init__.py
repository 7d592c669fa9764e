"""Text: the data sets, their vocabularies, and windows over their tokens."""
