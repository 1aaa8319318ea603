"""How the bot speaks to Discord: addresses, login errors, rate limits. Every patch of discord.py lives here."""
