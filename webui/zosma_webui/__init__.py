"""The built-in WebUI: AUTOMATIC1111's HTTP API with pictures drawn on the CPU, for trials and tests."""
