"""What a command that calls machines is given of the bot's environment."""

from __future__ import annotations

from zosma_bot import summoner


def test_a_command_has_the_clouds_credentials_and_none_of_zosmas(monkeypatch):
    """AWS's names are those of its own tools, by which the bot may also find the key to the pictures' bucket."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "RESULTS_URL", "DISCORD_TOKEN"):
        monkeypatch.setenv(name, "one")

    given = {name for name, value in summoner._environment().items() if value == "one"}

    assert given == {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"}
