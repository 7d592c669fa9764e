"""What a trained run is used for: loaded, evaluated, asked, explained, exported, served."""
