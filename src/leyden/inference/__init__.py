"""What a trained run is used for: loaded, evaluated, asked for text."""
