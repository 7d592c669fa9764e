"""Whether runs can be trusted on this machine: what is here, what works, what survives faults."""
