"""All examples passed through the locked part of a network: here, or by workers."""
