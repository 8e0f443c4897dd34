"""The player: clips side by side on one clock, with what differs, and what people say of them."""
