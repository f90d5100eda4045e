"""Going on from given weights by images alone: what they are, how they are told apart, `fit`."""
