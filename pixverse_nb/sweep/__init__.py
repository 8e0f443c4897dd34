"""Sweeps: what is asked for (forms, cells), what it would cost (desk, plan), carried out (run), looked at (grid)."""
