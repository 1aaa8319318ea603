"""The Discord side of the bot: commands in, one message for each job out.

`run.run_discord` is the way in. Absolute imports throughout, so that `import discord` here means discord.py.
"""
