# SPDX-License-Identifier: Apache-2.0
"""A wire that misbehaves, between any two parts: bytes are late, connections are cut in the middle of a byte stream, or go
silent without an end (half-open), or overtake each other."""
import asyncio
import random
import threading


class Faults:
    """What the wire does to each connection, from now on. Chances are per chunk of bytes; delays in seconds. Each connection
    draws its own delay, so that connections overtake each other, never the bytes of one."""

    def __init__(self, delay=(0.0, 0.0), cut=0.0, silence=0.0, refuse=0.0):
        self.delay, self.cut, self.silence, self.refuse = delay, cut, silence, refuse


CALM = Faults()
ROUGH = [
    Faults(delay=(0.0, 0.2)),
    Faults(cut=0.05),
    Faults(silence=0.02),
    Faults(delay=(0.0, 0.05), cut=0.02, silence=0.01, refuse=0.2),
]


class Proxy:
    """Listens on loopback, or on a unix socket when given a path, and leads to `target`: a port or a unix socket's path."""

    def __init__(self, target, seed, path=None):
        self.target, self.path = target, path
        self.chance = random.Random(f"{seed} {target}")
        self.faults = CALM
        self.injected = {"late": 0, "cut": 0, "silenced": 0, "refused": 0, "connections": 0}
        self.port = None
        self._writers = set()
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        threading.Thread(target=self._run, daemon=True).start()
        assert self._ready.wait(5)

    def _run(self):
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._listen())
        self._ready.set()
        self._loop.run_forever()

    async def _listen(self):
        if self.path:
            self._server = await asyncio.start_unix_server(self._serve, str(self.path))
        else:
            self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
            self.port = self._server.sockets[0].getsockname()[1]

    async def _connect(self):
        if isinstance(self.target, int):
            return await asyncio.open_connection("127.0.0.1", self.target)
        return await asyncio.open_unix_connection(str(self.target))

    async def _serve(self, reader, writer):
        self.injected["connections"] += 1
        if self.chance.random() < self.faults.refuse:
            self.injected["refused"] += 1
            writer.transport.abort()
            return
        try:
            far_reader, far_writer = await self._connect()
        except OSError:
            writer.transport.abort()
            return
        pair = {writer, far_writer}
        self._writers |= pair
        await asyncio.gather(self._carry(reader, far_writer, pair), self._carry(far_reader, writer, pair))
        self._writers -= pair
        for w in pair:
            w.close()

    async def _carry(self, reader, writer, pair):
        try:
            while data := await reader.read(65536):
                if await self._lost(data, writer, pair):
                    return
                writer.write(data)
                await writer.drain()
            writer.write_eof() if writer.can_write_eof() else writer.close()
        except (OSError, RuntimeError):
            pass

    async def _lost(self, data, writer, pair):
        """Perhaps late, perhaps never: True when this direction carries nothing more."""
        faults, dice = self.faults, self.chance.random()
        if faults.delay[1] > 0:
            self.injected["late"] += 1
            await asyncio.sleep(self.chance.uniform(*faults.delay))
        if dice < faults.cut:
            self.injected["cut"] += 1
            writer.write(data[:self.chance.randrange(len(data))])
            for w in pair:
                w.transport.abort() if self.chance.random() < 0.5 else w.close()
            return True
        if dice < faults.cut + faults.silence:
            self.injected["silenced"] += 1
            await asyncio.sleep(3600)  # neither bytes nor an end; the peers have to notice by themselves
        return False

    def cut_all(self):
        """Ends every connection there is."""
        def cut():
            self.injected["cut"] += len(self._writers) // 2
            for w in list(self._writers):
                w.transport.abort()
        self._loop.call_soon_threadsafe(cut)

    def end(self):
        async def stop():
            self._server.close()
            others = asyncio.all_tasks() - {asyncio.current_task()}
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)
            self._loop.call_soon(self._loop.stop)
        asyncio.run_coroutine_threadsafe(stop(), self._loop)
