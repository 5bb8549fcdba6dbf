"""Who is here and since when."""
