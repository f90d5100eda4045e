"""Pretrained backbones, their weights, and the model built on them."""
