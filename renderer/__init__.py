"""SampleDB resources in, reviewable commits out; Argo CD or Flux applies them."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("sampledb-renderer")
except PackageNotFoundError:  # a source tree that was never installed
    __version__ = "0.0.0"
