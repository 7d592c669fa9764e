"""What other libraries need to work together: each file with its reason and its versions."""
