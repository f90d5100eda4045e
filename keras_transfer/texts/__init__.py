"""Texts: from rows of tables and files of text to batches of token ids."""
