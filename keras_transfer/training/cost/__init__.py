"""What a training will take, from the network's shapes and what this machine manages."""
