"""The verbs of the command line, a file each: its parser, and what it calls.

Heavy imports stand within the functions: `leyden -h` answers at once.
"""
