"""What buttons, menus and forms do, one module for each kind."""

from zosma_bot.discord.acts import anew, ask, edit, jobs, picture, privacy, remake, report, show, stop
from zosma_bot.discord.desk import Desk
from zosma_bot.discord.router import Router


def add(router: Router, desk: Desk) -> None:
    """Registers all of them."""
    for module in (anew, ask, edit, jobs, picture, privacy, remake, report, show, stop):
        module.add(router, desk)
