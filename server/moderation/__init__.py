"""What those who moderate may do: each act is judged, kept, recorded in the audit trail, and takes effect at once."""
