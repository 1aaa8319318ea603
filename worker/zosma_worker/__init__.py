"""The worker: one slot per WebUI, which takes a job, drives the WebUI and hands the result over."""
