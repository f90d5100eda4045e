"""What Python code takes in hand: fine_tune with keywords, runs, a scikit-learn classifier."""
