"""Experiment tracking: what a run leaves in the logs of others, TensorBoard, MLflow, W&B, CSV."""
