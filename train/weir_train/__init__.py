"""Trains Weir's models: gradient-boosted trees on the features that ``weir replay`` wrote.

The features come from the engine that serves the model, so nothing here computes one. What is decided here is how
labelled history becomes a model directory: the split in time, the trees, the thresholds, the figures, and the golden
vectors by which the Go side verifies that it scores as LightGBM does.
"""

__version__ = "0.1.0"


class TrainingError(Exception):
    """A reason not to train, as a sentence for the user."""
