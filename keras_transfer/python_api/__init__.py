"""What Python code takes in hand: settings, data sets, a scikit-learn classifier."""
