"""The one place where the version stands, for both distributions."""

__version__ = "0.1.0"
