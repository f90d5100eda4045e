"""What a model is worth: predictions, metrics, calibration, the summary and the model card."""
