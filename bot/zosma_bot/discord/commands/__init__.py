"""The slash commands, one module each; `add` registers it in a command tree."""
