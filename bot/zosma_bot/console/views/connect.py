"""`/console/connect`: the address, and lines to paste into programs."""

from __future__ import annotations

from dataclasses import dataclass

from aiohttp import web

from zosma_bot.console.gate import Visitor, is_https
from zosma_bot.console.parts import Parts

#: Stands where the key belongs: nobody is shown a key again.
KEY = "YOUR-KEY"


@dataclass(frozen=True)
class Recipe:
    """How one program is connected."""

    id: str
    title: str
    steps: str
    lines: str


def recipes(address: str, name: str, *, needs_key: bool) -> list[Recipe]:
    """The programs that most people have, for this address and the key of that name."""
    header = f" -H 'Authorization: Bearer {KEY}'" if needs_key else ""
    login = f"{name}:{KEY}" if needs_key else ""
    key = f', key="{KEY}"' if needs_key else ""
    return [
        Recipe(
            "curl", "curl",
            "One picture through A1111's API; the answer has it as base64.",
            f"curl {address}/sdapi/v1/txt2img{header} \\\n  -H 'Content-Type: application/json' \\\n"
            '  -d \'{"prompt": "a lighthouse at dusk", "steps": 20}\' \\\n'
            "  | python3 -c 'import base64, json, sys;"
            " open(\"picture.png\", \"wb\").write(base64.b64decode(json.load(sys.stdin)[\"images\"][0]))'",
        ),
        Recipe(
            "python", "Python",
            "With Zosma's own client, pip install zosma: submit, follow the progress, get the pictures.",
            f'from zosma import Client\n\nwith Client("{address}"{key}) as zosma:\n'
            '    job = zosma.submit("a lighthouse at dusk")\n'
            "    for update in job:\n"
            '        print(update.state, f"{update.progress:.0%}")\n'
            "    for picture in job.pictures():\n"
            "        print(picture.save())",
        ),
        Recipe(
            "sillytavern", "SillyTavern",
            "Extensions → Image Generation: choose the source “Stable Diffusion Web UI (AUTOMATIC1111)”, paste the two"
            " lines into its fields, and press Connect.",
            f"SD Web UI URL: {address}\nAuthentication: {login or '(leave it empty)'}",
        ),
        Recipe(
            "openwebui", "Open WebUI",
            "As environment variables of Open WebUI, or in Admin Settings → Images under the same names.",
            f"ENABLE_IMAGE_GENERATION=true\nIMAGE_GENERATION_ENGINE=automatic1111\nAUTOMATIC1111_BASE_URL={address}/"
            + (f"\nAUTOMATIC1111_API_AUTH={login}" if needs_key else ""),
        ),
    ]  # fmt: skip


class Connect:
    """The handlers, over the parts."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def page(self, request: web.Request, visitor: Visitor) -> web.StreamResponse:
        """The address, and lines to paste."""
        # As this visitor finds the server, so do programs beside them.
        address = f"{'https' if is_https(request) else 'http'}://{request.host}"
        return await self._parts.page(
            request, visitor, "connect.html", address=address, placeholder=KEY,
            recipes=recipes(address, visitor.caller.name, needs_key=visitor.signed_in),
        )  # fmt: skip


def routes(parts: Parts) -> list[web.RouteDef]:
    """How programs are connected."""
    return [web.get("/console/connect", parts.gate.sees(Connect(parts).page))]
