"""Voices and pictures: what the server itself sends, forwards and records of calls."""
