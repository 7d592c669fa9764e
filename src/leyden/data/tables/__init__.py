"""Tables: the data sets, and what a model sees of their columns."""
