"""The loop: watches feed a queue, workers make passes, one publisher pushes."""
