"""The queue manager: job types, fair order, leases and events, all decided inside Redis."""
