"""Files, read and written so that neither a crash nor a stranger's file does harm."""
