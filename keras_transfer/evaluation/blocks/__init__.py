"""Answers about examples in blocks: what is sent to the workers of a cluster, and asked of them."""
