"""Faults on purpose, for tests of Leyden and of users' own modules."""
