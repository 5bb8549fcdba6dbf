"""What was: the log as clients read it to build the states of any instant."""
