"""SampleDB resources in, reviewable commits out; Argo CD or Flux applies them."""


def __getattr__(name: str) -> str:
    """`renderer.__version__`, read when it is asked for: `importlib.metadata` takes 30 ms."""
    if name != "__version__":
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415 - see above

    try:
        return version("sampledb-renderer")
    except PackageNotFoundError:  # a source tree that was never installed
        return "0.0.0"
