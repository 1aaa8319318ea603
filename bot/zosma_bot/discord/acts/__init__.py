"""What buttons, menus and forms of a job's message do, one module for each kind."""

from zosma_bot.discord.acts import anew, edit, jobs, picture, privacy, remake, report, show, stop
from zosma_bot.discord.desk import Desk
from zosma_bot.discord.router import Router


def add(router: Router, desk: Desk) -> None:
    """Registers all of them."""
    for module in (anew, edit, jobs, picture, privacy, remake, report, show, stop):
        module.add(router, desk)
