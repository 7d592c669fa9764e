"""A run: built from its frozen config, executed, resumed."""
