"""From the files of users to columns of numbers, times and text, without a guess."""
