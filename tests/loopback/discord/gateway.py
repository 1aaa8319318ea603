"""The gateway: sessions that survive their connections, events in order, nothing lost on RESUME."""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
from dataclasses import dataclass, field
from typing import Any

from aiohttp import WSCloseCode, WSMsgType, web

from loopback.discord.compression import Pack, packer
from loopback.discord.payloads import guild_create_json, member_json, unread, user_json
from loopback.discord.state import MESSAGE_CONTENT, World

Json = dict[str, Any]

DISPATCH, HEARTBEAT, IDENTIFY, PRESENCE, VOICE, RESUME = 0, 1, 2, 3, 4, 6
RECONNECT, REQUEST_MEMBERS, INVALID_SESSION, HELLO, ACK = 7, 8, 9, 10, 11

GUILD_MEMBERS, PRESENCES = 1 << 1, 1 << 8
PRIVILEGED = GUILD_MEMBERS | PRESENCES | MESSAGE_CONTENT
#: The intent that each event needs, in a guild and in a direct message; others need none.
INTENT_OF = {
    "GUILD_CREATE": (1 << 0, 1 << 0),
    "GUILD_DELETE": (1 << 0, 1 << 0),
    "CHANNEL_CREATE": (1 << 0, 1 << 0),
    "CHANNEL_DELETE": (1 << 0, 1 << 0),
    "GUILD_MEMBER_ADD": (1 << 1, 1 << 1),
    "MESSAGE_CREATE": (1 << 9, 1 << 12),
    "MESSAGE_UPDATE": (1 << 9, 1 << 12),
    "MESSAGE_DELETE": (1 << 9, 1 << 12),
    "TYPING_START": (1 << 11, 1 << 14),
}
#: Highest bit of a known intent (DIRECT_MESSAGE_POLLS).
LAST_INTENT = 25


class GatewayClosed(Exception):
    """Raised to close a connection with one of Discord's 4xxx codes."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(f"{code} {reason}")
        self.code = code
        self.reason = reason


@dataclass(eq=False)
class Session:
    """What a bot has identified for; outlives the connection so that RESUME can replay what was missed."""

    id: str
    intents: int
    shard: tuple[int, int]
    identify: Json
    seq: int = 0
    buffer: list[Json] = field(default_factory=list)
    connection: Connection | None = None

    def wants(self, event: str, guild_id: int | None) -> bool:
        """Guild events go to the guild's shard, direct messages to shard 0, each only with its intent."""
        number, count = self.shard
        if (0 if guild_id is None else (guild_id >> 22) % count) != number:
            return False
        needs = INTENT_OF.get(event)
        return needs is None or bool(self.intents & needs[guild_id is None])

    def push(self, event: str, data: Json) -> Json:
        self.seq += 1
        frame = {"op": DISPATCH, "t": event, "s": self.seq, "d": data}
        self.buffer.append(frame)
        return frame


class Connection:
    """One WebSocket, compressed as its client asked for."""

    def __init__(self, request: web.Request, ws: web.WebSocketResponse, pack: Pack | None) -> None:
        self._request = request
        self._ws = ws
        self._pack = pack
        self._outbox: asyncio.Queue[Json] = asyncio.Queue()
        self.session: Session | None = None

    def put(self, op: int, data: Any) -> None:
        self.put_frame({"op": op, "d": data, "s": None, "t": None})

    def put_frame(self, frame: Json) -> None:
        """Queue a frame; all frames leave in the order in which they were put."""
        self._outbox.put_nowait(frame)

    async def pump(self) -> None:
        """Write what is queued until the connection ends."""
        with contextlib.suppress(ConnectionError):
            while not self._ws.closed:
                await self._write(json.dumps(await self._outbox.get()))

    async def _write(self, text: str) -> None:
        if self._pack is None:
            await self._ws.send_str(text)
        else:
            await self._ws.send_bytes(self._pack(text.encode()))

    async def close(self, code: int | None, reason: str = "") -> None:
        """Close with a code, or with None cut the wire as a network failure would."""
        if code is not None:
            await self._ws.close(code=code, message=reason.encode())
        elif self._request.transport is not None:
            self._request.transport.abort()


class Gateway:
    def __init__(self, world: World) -> None:
        self._world = world
        self.sessions: dict[str, Session] = {}
        self.connections: set[Connection] = set()
        #: Every IDENTIFY and RESUME that arrived.
        self.identifies: list[Json] = []
        self.resumes: list[Json] = []
        self.heartbeats = 0
        #: Set to False and heartbeats stay unanswered: a zombie connection.
        self.acknowledge = True
        #: Guilds of which READY names the id and nothing else comes: Discord has not got to them yet, or is in trouble.
        self.untold: set[int] = set()
        self._ops = {IDENTIFY: self._identify, RESUME: self._resume, REQUEST_MEMBERS: self._members}
        world.emit = self.emit

    @property
    def live_sessions(self) -> list[Session]:
        return [s for s in self.sessions.values() if s.connection is not None]

    def emit(self, event: str, data: Json, guild_id: int | None) -> None:
        """Give an event to every session that wants it; a session without connection keeps it for RESUME."""
        for session in self.sessions.values():
            if session.wants(event, guild_id):
                frame = session.push(event, self._for_session(session, event, data))
                if session.connection is not None:
                    session.connection.put_frame(frame)

    def _for_session(self, session: Session, event: str, data: Json) -> Json:
        """Without MESSAGE_CONTENT, what others wrote in a guild arrives empty."""
        hide = event in ("MESSAGE_CREATE", "MESSAGE_UPDATE") and "guild_id" in data
        return unread(self._world, data) if hide and not session.intents & MESSAGE_CONTENT else data

    async def drop(self, code: int | None = None) -> None:
        """Close all connections; their sessions stay and can be resumed."""
        for connection in list(self.connections):
            self._detach(connection)
            await connection.close(code)

    def forget_sessions(self) -> None:
        """Discord drops sessions after a while: the next RESUME gets INVALID_SESSION."""
        for session in self.sessions.values():
            if session.connection is not None:
                session.connection.session = None
        self.sessions.clear()

    def ask_to_reconnect(self) -> None:
        """RECONNECT: Discord moves its servers and asks each client to come again and resume."""
        for connection in list(self.connections):
            connection.put(RECONNECT, None)

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        ws = web.WebSocketResponse(timeout=1.0, compress=False)
        await ws.prepare(request)
        try:
            pack = packer(request.query.get("compress"))
        except ValueError as unknown:
            await ws.close(code=4002, message=f"No compression {unknown}".encode())
            return ws
        connection = Connection(request, ws, pack)
        self.connections.add(connection)
        pump = asyncio.create_task(connection.pump())
        try:
            if request.query.get("v") != "10":
                raise GatewayClosed(4012, "Invalid API version")
            await self._talk(connection, ws)
        except GatewayClosed as closed:
            await connection.close(closed.code, closed.reason)
        finally:
            pump.cancel()
            self.connections.discard(connection)
            self._detach(connection)
            self._world.changes.ring()
        return ws

    async def _talk(self, connection: Connection, ws: web.WebSocketResponse) -> None:
        connection.put(HELLO, {"heartbeat_interval": self._world.settings.heartbeat_interval_ms})
        async for message in ws:
            if message.type is not WSMsgType.TEXT:
                break
            self._frame(connection, message.data)
        gone = ws.close_code in (WSCloseCode.OK, WSCloseCode.GOING_AWAY)
        if gone and connection.session is not None and connection.session.connection is connection:
            # A bot that closes with 1000 or 1001 is gone for good; other codes leave the session alive.
            self.sessions.pop(connection.session.id, None)

    def _frame(self, connection: Connection, text: str) -> None:
        try:
            frame = json.loads(text)
            op, data = frame["op"], frame.get("d")
        except (ValueError, KeyError, TypeError):
            raise GatewayClosed(4002, "Error while decoding payload.") from None
        if op == HEARTBEAT:
            self.heartbeats += 1
            if self.acknowledge:
                connection.put(ACK, None)
        elif op in self._ops:
            self._ops[op](connection, data)
        elif op not in (PRESENCE, VOICE):
            raise GatewayClosed(4001, "Unknown opcode.")
        elif connection.session is None:
            raise GatewayClosed(4003, "Not authenticated.")

    def _identify(self, connection: Connection, data: Json) -> None:
        self.identifies.append(data)
        if connection.session is not None:
            raise GatewayClosed(4005, "Already authenticated.")
        if data.get("token", "").removeprefix("Bot ") != self._world.token:
            raise GatewayClosed(4004, "Authentication failed.")
        intents = data.get("intents")
        if not isinstance(intents, int) or intents < 0 or intents >> (LAST_INTENT + 1):
            raise GatewayClosed(4013, "Invalid intent(s).")
        if intents & PRIVILEGED & ~self._world.settings.privileged_intents:
            raise GatewayClosed(4014, "Disallowed intent(s).")
        number, count = data.get("shard") or (0, 1)
        if not 0 <= number < count:
            raise GatewayClosed(4010, "Invalid shard.")
        if self._world.settings.shards_required and count < self._world.settings.shards:
            raise GatewayClosed(4011, "Sharding required.")
        session = Session(secrets.token_hex(16), intents, (number, count), data)
        self.sessions[session.id] = session
        self._attach(connection, session)
        self._greet(connection, session)

    def _greet(self, connection: Connection, session: Session) -> None:
        guilds = [g for g in self._world.guilds.values() if session.wants("GUILD_CREATE", g.id)]
        ready = {
            "v": 10,
            "user": user_json(self._world.bot) | {"verified": True, "mfa_enabled": False, "email": None},
            "guilds": [{"id": str(g.id), "unavailable": True} for g in guilds],
            "session_id": session.id,
            "session_type": "normal",
            "resume_gateway_url": self._world.base_url.replace("http://", "ws://") + "/gateway",
            "shard": list(session.shard),
            "application": {"id": str(self._world.application_id), "flags": 0},
            "private_channels": [],
            "relationships": [],
            "user_settings": {},
        }
        connection.put_frame(session.push("READY", ready))
        for guild in guilds:
            if guild.id in self.untold:
                continue
            full = guild_create_json(self._world, guild, bool(session.intents & GUILD_MEMBERS))
            connection.put_frame(session.push("GUILD_CREATE", full))
        self._world.changes.ring()

    def _resume(self, connection: Connection, data: Json) -> None:
        self.resumes.append(data)
        if data.get("token", "").removeprefix("Bot ") != self._world.token:
            raise GatewayClosed(4004, "Authentication failed.")
        session = self.sessions.get(str(data.get("session_id")))
        if session is None:
            connection.put(INVALID_SESSION, False)
            return
        seq = data.get("seq") or 0
        if seq > session.seq:
            raise GatewayClosed(4007, "Invalid seq.")
        missed = [frame for frame in session.buffer if frame["s"] > seq]
        self._attach(connection, session)
        for frame in missed:
            connection.put_frame(frame)
        connection.put_frame(session.push("RESUMED", {"_trace": []}))
        self._world.changes.ring()

    def _members(self, connection: Connection, data: Json) -> None:
        """REQUEST_GUILD_MEMBERS, answered in one chunk."""
        session = connection.session
        if session is None:
            raise GatewayClosed(4003, "Not authenticated.")
        guild = self._world.guilds.get(int(data["guild_id"]))
        if guild is None:
            return
        wanted = {str(i) for i in data.get("user_ids") or []}
        prefix = str(data.get("query") or "").lower()
        members = [
            member_json(self._world, m)
            for m in guild.members.values()
            if (str(m.id) in wanted if wanted else m.name.lower().startswith(prefix))
        ]
        chunk = {"guild_id": str(guild.id), "members": members, "chunk_index": 0, "chunk_count": 1}
        chunk |= {"not_found": [], "nonce": data.get("nonce")}
        connection.put_frame(session.push("GUILD_MEMBERS_CHUNK", chunk))

    def _attach(self, connection: Connection, session: Session) -> None:
        connection.session, session.connection = session, connection

    def _detach(self, connection: Connection) -> None:
        if connection.session is not None and connection.session.connection is connection:
            connection.session.connection = None
