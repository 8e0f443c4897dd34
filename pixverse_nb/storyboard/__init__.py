"""Storyboards: shots in chains (shots), shot in turn (shooting), joined (film), priced and shown (board)."""
