"""A cluster on a laptop: API server, applier and node, for `sampledb demo` and the tests."""
