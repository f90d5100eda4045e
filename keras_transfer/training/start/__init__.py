"""What a training begins from, beside pretrained weights: BatchNorm statistics, a solved head."""
