"""What a network looks at: Grad-CAM, the pictures of its heat, and where they go."""
