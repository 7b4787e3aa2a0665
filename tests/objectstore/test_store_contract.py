"""The contract, on the S3 server that a wheel carries."""

from store_contract import *  # noqa: F403 - each of its tests
