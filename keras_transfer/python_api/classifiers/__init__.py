"""Trainings with the manners of scikit-learn: classifiers of images and of texts."""
