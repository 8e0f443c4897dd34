"""The network: the only place that speaks to Segmind, and the only place that knows the key."""
