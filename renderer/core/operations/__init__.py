"""Every operation as a list of steps: what to render, what proves it, what failure means."""
