"""The commands beside `serve`: each ends by itself, with a sentence and a code when it cannot be done."""
