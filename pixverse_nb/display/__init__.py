"""The screen: every tag of HTML, every line for terminals, and which front end is looking."""
