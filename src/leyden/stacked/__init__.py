"""Many runs as one network: those that differ only in numbers are trained together."""
