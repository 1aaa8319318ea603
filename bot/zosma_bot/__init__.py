"""The bot process: Discord client, HTTP server and delivery of results."""
