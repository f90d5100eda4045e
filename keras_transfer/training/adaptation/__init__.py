"""Training across two domains: labelled images of one, unlabelled ones of the other."""
