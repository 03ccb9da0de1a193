/** A WebSocket peer on Python's `websockets`. */

/** What it is told, as JSON in its first argument. */
export interface PythonWebSocketOptions {
  role: 'server' | 'client'
  /** As a client: where to. */
  url?: string
  /** Offered or accepted, best first. */
  subprotocols?: string[]
  deflate?: boolean
  /** As a server of TLS: its certificate. */
  cert?: string
  key?: string
  /** As a client over TLS: whom to trust. */
  ca?: string
  /** As a client: what it sends, in this order: text, or bytes in hex, or a list of fragments of text. */
  send?: (string | { hex: string } | string[])[]
}

/**
 * A server prints its port, and sends every message back, reversed; `close` makes it close with 4001, `ping` with the
 * time its ping took, `fragments` is answered in three. A client sends, prints what comes back as JSON line by line, pings,
 * closes with 4002, and prints how that went.
 */
export const PYTHON_WEBSOCKET = `
import asyncio, json, ssl, sys
import websockets

options = json.loads(sys.argv[1])
settings = {
    'compression': 'deflate' if options.get('deflate') else None,
    'subprotocols': options.get('subprotocols'),
    'max_size': 2 ** 22,
}

def say(*values):
    print(*values, flush=True)

def extensions_of(socket):
    # Versions before 14 have it on the connection.
    owner = socket if hasattr(socket, 'extensions') else socket.protocol
    return [type(extension).__name__ for extension in owner.extensions]

async def serve():
    if 'cert' in options:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(options['cert'], options['key'])
        settings['ssl'] = context

    async def talk(socket):
        say('open', socket.subprotocol, extensions_of(socket))
        try:
            async for message in socket:
                if message == 'close':
                    await socket.close(4001, 'auf Wiedersehen, grüß dich')
                elif message == 'ping':
                    await (await socket.ping(b'from python'))
                    await socket.send('pong came')
                elif message == 'fragments':
                    await socket.send(['one ', 'two ', 'three'])
                else:
                    await socket.send(message[::-1])
        except websockets.ConnectionClosed:
            pass
        say('closed', socket.close_code, socket.close_reason)

    server = await websockets.serve(talk, '127.0.0.1', 0, **settings)
    say('listening on', server.sockets[0].getsockname()[1])
    await asyncio.Future()

async def dial():
    if 'ca' in options:
        settings['ssl'] = ssl.create_default_context(cafile=options['ca'])
    try:
        socket = await websockets.connect(options['url'], **settings)
    except websockets.InvalidHandshake as error:
        say('refused', error.response.status_code if hasattr(error, 'response') else error.status_code)
        return
    say('open', socket.subprotocol, extensions_of(socket))
    for message in options.get('send', []):
        await socket.send(bytes.fromhex(message['hex']) if isinstance(message, dict) else message)
        answer = await socket.recv()
        say('got', json.dumps({'hex': answer.hex()} if isinstance(answer, bytes) else answer))
    await (await socket.ping(b'from python'))
    say('ponged')
    await socket.close(4002, 'grüß dich')
    say('closed', socket.close_code, socket.close_reason)

asyncio.run(serve() if options['role'] == 'server' else dial())
`
