"""How images become squares of pixels: what every reader and export follows, from the settings."""
