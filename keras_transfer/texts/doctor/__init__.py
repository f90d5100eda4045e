"""The doctor of texts: what is in every text, and which of them are alike."""
