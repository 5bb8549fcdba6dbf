"""Writes what is said and shown in a call to files, packet by packet, as it arrives."""
