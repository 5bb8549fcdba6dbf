"""HTTP: one blueprint a file."""
