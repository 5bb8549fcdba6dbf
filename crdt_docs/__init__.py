"""What a document is: frames, updates, schemas and rules. No await, no clock, no files, no sockets."""
