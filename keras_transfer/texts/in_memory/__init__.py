"""Labelled texts that Python code holds: which objects they are, and the table made of them."""
