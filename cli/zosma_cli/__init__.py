"""The `zosma` command line."""
