"""`df.pixverse`: what can be done with a table of the history, and what it measures."""
