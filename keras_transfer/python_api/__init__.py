"""What Python code takes in hand: fine_tune with keywords, finished runs, their predictions."""
