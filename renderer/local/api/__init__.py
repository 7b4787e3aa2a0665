"""An in-process Kubernetes API server that speaks real HTTP, for the demo and the tests."""
