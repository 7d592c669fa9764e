"""What a checked config means here: its data, its model's size, its batches, its memory."""
