"""How far an answer can be trusted: sets of classes, and when to abstain."""
