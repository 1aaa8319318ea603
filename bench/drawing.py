"""Messages, forms and menus of the Discord on loopback, drawn from their payloads as Discord's dark look shows them."""

from __future__ import annotations

import base64
import html
import io
import re
import subprocess
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import babel.dates
from PIL import Image, ImageChops

from loopback.discord.shown import SELECTS, Shown, ShownAttachment
from loopback.discord.state import World

Json = dict[str, Any]

WIDTH_PX = 520
TALLEST_PX = 2400
FILE_MAX_BYTES = 58_000
BACKGROUND = (49, 51, 56)
BUTTON_STYLES = {1: "blue", 2: "grey", 3: "green", 4: "red", 5: "grey"}
BUTTON, ROW, TEXT_INPUT, LABEL, FILE_UPLOAD = 2, 1, 4, 18, 19

CSS = (Path(__file__).parent / "screens.css").read_text("utf-8")

_TOKENS = re.compile(
    r"```(?:\w*\n)?(?P<block>.*?)```|\\(?P<escaped>[^a-zA-Z0-9\s])|`(?P<code>[^`]+)`|\*\*(?P<bold>.+?)\*\*|<@!?(?P<user>\d+)>"
    r"|<#(?P<channel>\d+)>|<@&(?P<role>\d+)>|<t:(?P<time>\d+)(?::(?P<style>\w))?>|\[(?P<label>[^\]]+)\]\(<?(?P<target>[^)>\s]+)>?\)"
    r"|<?(?P<url>https?://[^\s>]+)>?|</(?P<command>[^:>]+):\d+>",
    re.DOTALL,
)
_UNITS = {
    "en": (("second", 1), ("minute", 60), ("hour", 3600), ("day", 86400)),
    "de": (("Sekunde", 1), ("Minute", 60), ("Stunde", 3600), ("Tag", 86400)),
    "es": (("segundo", 1), ("minuto", 60), ("hora", 3600), ("día", 86400)),
    "fr": (("seconde", 1), ("minute", 60), ("heure", 3600), ("jour", 86400)),
}
#: What comes, and what is past.
_RELATIVE = {
    "en": ("in {}", "{} ago"),
    "de": ("in {}", "vor {}"),
    "es": ("en {}", "hace {}"),
    "fr": ("dans {}", "il y a {}"),
}
#: Discord's own words around a message or form.
_WORDS = {
    "en": {"private": "Only you can see this", "dismiss": "Dismiss message", "used": "used",
           "upload": "Drop file here or browse", "send": "Submit", "stop": "Cancel", "select": "Make a selection"},
    "de": {"private": "Nur du kannst das sehen", "dismiss": "Nachricht verwerfen", "used": "hat verwendet:",
           "upload": "Datei hier ablegen oder auswählen", "send": "Absenden", "stop": "Abbrechen",
           "select": "Triff eine Auswahl"},
    "es": {"private": "Solo tú puedes ver esto", "dismiss": "Descartar mensaje", "used": "ha utilizado",
           "upload": "Suelta un archivo aquí o búscalo", "send": "Enviar", "stop": "Cancelar",
           "select": "Elige una opción"},
    "fr": {"private": "Toi seul peux voir celui-ci", "dismiss": "Rejeter le message", "used": "a utilisé",
           "upload": "Dépose un fichier ici ou parcours tes dossiers", "send": "Envoyer", "stop": "Annuler",
           "select": "Fais un choix"},
}  # fmt: skip


def moment(at: float, language: str, style: str) -> str:
    """As Discord writes a time tag: "R" is relative, all others are drawn as the long date and time."""
    if style == "R":
        return relative(at, language)
    when = datetime.fromtimestamp(at, UTC)
    day = babel.dates.format_date(when, "long", locale=language)
    return f"{day} {babel.dates.format_time(when, 'short', locale=language)}"


def relative(at: float, language: str) -> str:
    """As Discord writes a relative time."""
    away = at - time.time()
    name, size = next((unit for unit in reversed(_UNITS[language]) if abs(away) >= unit[1]), _UNITS[language][0])
    count = max(1, round(abs(away) / size))
    ending = "s" if language != "de" else "en" if name == "Tag" else "n"
    return _RELATIVE[language][away <= 0].format(f"{count} {name}{'' if count == 1 else ending}")


class Artist:
    """Draws what one member sees, in the language of that member's client."""

    def __init__(self, world: World, language: str = "en") -> None:
        self._world = world
        self._language = language

    def _name(self, kind: str, id_: int) -> str:
        if kind == "user":
            found = next((m.name for g in self._world.guilds.values() for m in g.members.values() if m.id == id_), None)
            return f"@{found or id_}"
        if kind == "role":
            found = next((r.name for g in self._world.guilds.values() for r in g.roles if r.id == id_), None)
            return f"@{found or id_}"
        return f"#{self._world.channels[id_].name if id_ in self._world.channels else id_}"

    def inline(self, text: str) -> str:
        """Discord's markdown within a line."""
        out, at = "", 0
        for found in _TOKENS.finditer(text):
            out += html.escape(text[at : found.start()], quote=False)
            at = found.end()
            out += self._token(str(found.lastgroup), found)
        return out + html.escape(text[at:], quote=False)

    def _token(self, kind: str, found: re.Match[str]) -> str:
        value = found[kind]
        if kind in ("user", "channel", "role"):
            return f'<span class="mention">{html.escape(self._name(kind, int(value)))}</span>'
        if kind in ("time", "style"):
            shown = moment(float(found["time"]), self._language, found["style"] or "f")
            return f'<span class="time">{shown}</span>'
        if kind == "bold":
            return f"<b>{self.inline(value)}</b>"
        if kind == "target":
            return f"<a>{self.inline(found['label'])}</a>"
        shape = {"block": "<pre>{}</pre>", "code": "<code>{}</code>", "url": "<a>{}</a>",
                 "command": '<span class="mention">/{}</span>'}.get(kind, "{}")  # fmt: skip
        return shape.format(html.escape(value.strip("\n"), quote=False))

    def markdown(self, text: str) -> str:
        """Discord's markdown: quotes and small print by the line, the rest within."""
        out: list[str] = []
        for part in re.split(r"(```.*?```)", text, flags=re.DOTALL):
            if part.startswith("```"):
                out.append(self.inline(part))
                continue
            for line in part.strip("\n").split("\n") if part.strip("\n") else ():
                if line.startswith("> "):
                    out.append(f"<blockquote>{self.inline(line[2:])}</blockquote>")
                elif line.startswith("-# "):
                    out.append(f'<div class="small">{self.inline(line[3:])}</div>')
                else:
                    out.append(f"<div>{self.inline(line) or '&nbsp;'}</div>")
        return "".join(out)

    # -- parts ----------------------------------------------------------------------------------------------

    def _embed(self, embed: Json, files: Sequence[ShownAttachment]) -> str:
        parts = [self.markdown(embed.get("description") or "")]
        if embed.get("title"):
            parts.insert(0, f"<b>{self.inline(embed['title'])}</b>")
        parts += [
            f'<div class="field"><b>{self.inline(one["name"])}</b>{self.markdown(one["value"])}</div>'
            for one in embed.get("fields", [])
        ]
        if image := embed.get("image"):
            name = image["url"].rsplit("/", 1)[-1].partition("?")[0]
            parts += [_img(one) for one in files if one.filename == name]
        if footer := embed.get("footer"):
            parts.append(f'<div class="footer">{html.escape(footer["text"])}</div>')
        colour = f"#{embed['color']:06x}" if embed.get("color") is not None else "#1e1f22"
        return f'<div class="embed" style="border-color:{colour}">{"".join(parts)}</div>'

    @staticmethod
    def _files(files: Sequence[ShownAttachment]) -> str:
        images = [one for one in files if one.content_type.startswith("image/")]
        others = [one for one in files if one not in images]
        out = ""
        if images:
            many = " many" if len(images) > 1 else ""
            out = f'<div class="gallery{many}">{"".join(map(_img, images))}</div>'
        return out + "".join(f'<div class="file">📄 {html.escape(one.filename)}</div>' for one in others)

    def _component(self, one: Json, *, opened: bool) -> str:
        if one["type"] == BUTTON:
            emoji = (one.get("emoji") or {}).get("name") or ""
            off = " off" if one.get("disabled") else ""
            label = " ".join(part for part in (emoji, html.escape(one.get("label") or "")) if part)
            return f'<span class="button {BUTTON_STYLES[one["style"]]}{off}">{label}</span>'
        chosen = next((o for o in one.get("options", []) if o.get("default")), None)
        text = chosen["label"] if chosen else one.get("placeholder") or _WORDS[self._language]["select"]
        out = f'<div class="select"><span>{html.escape(text)}</span><span>⌄</span></div>'
        if not opened:
            return out
        lines = [
            f'<div class="option">{(o.get("emoji") or {}).get("name") or ""} {html.escape(o["label"])}'
            + (f'<div class="small">{html.escape(o["description"])}</div>' if o.get("description") else "")
            + "</div>"
            for o in one.get("options", [])
        ]
        return f'<div>{out}<div class="options">{"".join(lines)}</div></div>'

    def message(self, shown: Shown, *, call: tuple[str, str] | None = None, opened: bool = False) -> str:
        """A message; `call`: who used which command. `opened` shows what is in its menus."""
        embeds = "".join(self._embed(one, shown.files) for one in shown.embeds)
        rows = "".join(
            f'<div class="row">{"".join(self._component(one, opened=opened) for one in row["components"])}</div>'
            for row in shown.components
            if row["type"] == ROW
        )
        words = _WORDS[self._language]
        private = f"👁 {words['private']} · <a>{words['dismiss']}</a>"
        head = ""
        if call:
            command = f'<span class="cmd">{html.escape(call[1])}</span>'
            head = f'<div class="call"><b>{call[0]}</b> {words["used"]} {command}</div>'
        return (
            f'{head}<div class="message"><div class="avatar">Z</div><div><span class="name">Zosma</span>'
            f'<span class="app">APP</span><span class="dim">12:04</span>'
            f'<div class="content">{self.markdown(shown.content)}</div>{embeds}{self._files(shown.attachments)}{rows}'
            f"{f'<div class=private>{private}</div>' if shown.ephemeral else ''}</div></div>"
        )

    def modal(self, data: Json) -> str:
        """A form."""
        words, fields = _WORDS[self._language], []
        for row in data["components"]:
            one = row["component"] if row["type"] == LABEL else row["components"][0]
            label = html.escape(row.get("label") or one.get("label") or "")
            must = ' <span class="must">*</span>' if one.get("required", True) else ""
            fields.append(f'<div class="label">{label}{must}</div>')
            if row.get("description"):
                fields.append(f'<div class="small">{html.escape(row["description"])}</div>')
            if one["type"] in SELECTS:
                fields.append(self._component(one, opened=False))
            elif one["type"] == FILE_UPLOAD:
                fields.append(f'<div class="input dim">⬆ {words["upload"]}</div>')
            else:
                text = html.escape(one.get("value") or "") or f'<span class="dim">{one.get("placeholder") or ""}</span>'
                fields.append(f'<div class="input">{text}</div>')
        return (
            f'<div class="modal"><h3>{html.escape(data["title"])}</h3>{"".join(fields)}<div class="row" style='
            f'"justify-content:end;margin-top:16px"><span class="button grey">{words["stop"]}</span>'
            f'<span class="button blue">{words["send"]}</span></div></div>'
        )

    @staticmethod
    def autocomplete(typed: str, option: str, choices: Sequence[Json]) -> str:
        """What is offered while an option is typed."""
        lines = "".join(f'<div class="option">{html.escape(str(one["name"]))}</div>' for one in choices)
        return f'<div class="auto"><div class="head">{option}</div>{lines}</div><div class="typed">{typed}</div>'


def _img(one: ShownAttachment) -> str:
    """The picture within the page, made small: Chromium needn't read megabytes."""
    picture, out = Image.open(io.BytesIO(one.data)).convert("RGB"), io.BytesIO()
    picture.thumbnail((330, 330))
    picture.save(out, "PNG")
    data = base64.b64encode(out.getvalue()).decode()
    return f'<img src="data:image/png;base64,{data}" alt="">'


def photograph(body: str, file: Path) -> int:
    """Draws a page into a small PNG; its size in bytes."""
    with tempfile.TemporaryDirectory() as folder:
        page, raw = Path(folder) / "page.html", Path(folder) / "raw.png"
        page.write_text(f"<!doctype html><meta charset=utf-8><style>{CSS}</style><body>{body}", encoding="utf-8")
        subprocess.run(
            ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",  # noqa: S607
             f"--user-data-dir={folder}/profile", f"--window-size={WIDTH_PX},{TALLEST_PX}", f"--screenshot={raw}",
             page.as_uri()],
            check=True, capture_output=True, timeout=120,
        )  # fmt: skip
        picture = Image.open(raw).convert("RGB")
    drawn = ImageChops.difference(picture, Image.new("RGB", picture.size, BACKGROUND)).getbbox()
    picture = picture.crop((0, 0, WIDTH_PX, min(TALLEST_PX, (drawn[3] if drawn else 0) + 10)))
    for colours in (256, 160, 96, 64, 48, 32, 24):
        dither = Image.Dither.NONE if colours > 64 else Image.Dither.FLOYDSTEINBERG
        picture.quantize(colours, dither=dither).save(file, "PNG", optimize=True)
        if file.stat().st_size <= FILE_MAX_BYTES:
            break
    return file.stat().st_size
