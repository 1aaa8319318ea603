"""ComfyUI as a back end: graphs instead of fields, a queue of prompts instead of a blocking call."""
