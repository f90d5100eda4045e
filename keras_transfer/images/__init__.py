"""What knows pixels: decoding, the data doctor, augmentation, batches."""
