"""Models in the forms of other libraries: Hugging Face GPT-2 today."""
