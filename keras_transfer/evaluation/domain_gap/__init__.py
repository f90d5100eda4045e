"""Images in feature space: their pooled features, how far apart two sets are, and their map."""
