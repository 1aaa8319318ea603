"""What the bot remembers: server and member settings, where answers go, what the fleet offers, work under way."""
