"""How far an answer can be trusted: sets of classes, when to abstain, images unlike the others."""
