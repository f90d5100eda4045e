"""Parts of a training that Python code gives: callbacks, augmentation, head, loss."""
