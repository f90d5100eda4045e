import pytest


@pytest.fixture(scope="session")
def randomize():
    """Give every statistic, scale and shift of a network a value that shows; kernels have one."""
    import keras
    import numpy as np

    def assign(network):
        random = np.random.default_rng(5)
        for variable in network.weights:
            if variable.name in ("gamma", "moving_variance", "variance"):
                variable.assign(random.uniform(0.5, 1.5, variable.shape))
            elif variable.name in ("beta", "bias", "moving_mean", "mean"):
                variable.assign(random.normal(0, 0.2, variable.shape))
        for layer in network.layers:
            if isinstance(layer, keras.Model):
                assign(layer)
            elif isinstance(layer, keras.layers.Normalization):
                layer.finalize_state()  # or it goes on with copies of the old values

    return assign
