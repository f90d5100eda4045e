"""What a comparison tells: a table, a figure, an object for scripts."""
