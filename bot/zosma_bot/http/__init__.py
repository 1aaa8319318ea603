"""The HTTP side on port 1324: the fleet as if it were one WebUI, and the queue's own API beside it."""
