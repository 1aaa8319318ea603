"""The HTTP API of Stable Diffusion WebUIs, as AUTOMATIC1111 made it and others speak it."""
