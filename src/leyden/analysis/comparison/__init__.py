"""Whether a change helped: base and variant on the same seeds, until the answer is known."""
