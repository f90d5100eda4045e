"""What speaks for a class, as Python code takes it: heat over images, weights of words."""
