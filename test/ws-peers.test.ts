/** WebSocket peers of other make: Python's websockets, libwebsockets' test programs, a browser. */
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { type AddressInfo, createServer as createTcpServer } from 'node:net'
import { TLS_CA, TLS_CERTIFICATE, TLS_PRIVATE_KEY } from '@unisock/kernel'
import {
  WEBSOCKET_SECURE_CLIENT,
  WEBSOCKET_SECURE_SERVER,
  WS_AUTH,
  WS_COMPRESSION,
  WS_ORIGIN,
  WS_PROTOCOL,
  WS_SUBPROTOCOL,
  type WsMessage,
} from '@unisock/plugin-ws'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  dialling,
  echoing,
  Inbox,
  type OptionRow,
  serving,
  wsKernel,
} from '../packages/plugin-ws/test/support/kernel.ts'
import { openBrowser } from './support/browser.ts'
import { Authority, type Issued } from './support/certificates.ts'
import { Peer } from './support/peer.ts'
import { findProgram } from './support/programs.ts'
import { PYTHON_WEBSOCKET, type PythonWebSocketOptions } from './support/python-websocket.ts'

/** The Python that has the module; undefined, and said so, where none has. */
function findPython(): string | undefined {
  const python = findProgram('python3')
  if (!python || spawnSync(python, ['-c', 'import websockets']).status === 0) return python
  console.warn(`skipped: these tests need Python's websockets for ${python}, as python3-websockets has it`)
  return undefined
}

const python = findPython()
const openssl = findProgram('openssl')
const lwsServer = findProgram('libwebsockets-test-server')
const lwsClient = findProgram('libwebsockets-test-client')
const chromium = findProgram('chromium')

const LONG = 'Grüße — 你好 🎲. '.repeat(1500)
const backwards = (text: string): string => [...text].reverse().join('')
const BYTES = Buffer.alloc(20_000, Uint8Array.from(Array(256).keys()))

const deflating = (deflate: boolean): OptionRow[] => [[WS_COMPRESSION, deflate]]
const compressedOf = ({ frame_info }: WsMessage): boolean => frame_info.compressed

let authority: Authority
let localhost: Issued
beforeAll(() => {
  if (!openssl) return
  authority = new Authority()
  localhost = authority.issue('localhost')
})
afterAll(() => authority?.[Symbol.dispose]())

describe.skipIf(!python)("Python's websockets", () => {
  const start = (options: PythonWebSocketOptions) =>
    new Peer(python!, ['-c', PYTHON_WEBSOCKET, JSON.stringify(options)])

  describe.each([false, true])('with permessage-deflate: %s', deflate => {
    const extensions = deflate ? "['PerMessageDeflate']" : '[]'

    test('answers our client', async () => {
      await using peer = start({ role: 'server', deflate, subprotocols: ['game', 'chat'] })
      const port = await peer.port(/listening on /)
      await using kernel = await wsKernel()
      const inbox = new Inbox<WsMessage>()
      const closed = Promise.withResolvers<Error | undefined>()
      const client = await dialling(
        kernel,
        `ws://127.0.0.1:${port}/`,
        { message: (_fd, message) => inbox.put(message), close: (_fd, error) => closed.resolve(error) },
        [...deflating(deflate), [WS_PROTOCOL, [{ name: 'chat', json: false }, 'other']]],
      )
      expect((await peer.said(/^open (\S+) (.*)$/m)).slice(1)).toEqual(['chat', extensions])
      for (const text of ['desserts', LONG + LONG + LONG, '']) {
        kernel.write(client, text)
        const answer = await inbox.next()
        expect([answer.data, answer.protocol]).toEqual([backwards(text), 'chat'])
        expect(compressedOf(answer)).toBe(deflate)
      }
      kernel.write(client, BYTES)
      expect((await inbox.next()).data).toEqual(Buffer.from(BYTES).reverse())
      for (const [text, answer] of [
        ['fragments', 'one two three'],
        ['ping', 'pong came'],
      ]) {
        kernel.write(client, text!)
        expect((await inbox.next()).data).toBe(answer)
      }
      kernel.write(client, 'close')
      expect(await closed.promise).toMatchObject({
        code: 'EPROTO',
        message: 'the peer closed with 4001: auf Wiedersehen, grüß dich',
      })
    })

    test('is answered by our server', async () => {
      await using kernel = await wsKernel()
      const seen: WsMessage[] = []
      const closed = Promise.withResolvers<Error | undefined>()
      const { url } = await serving(
        kernel,
        {
          message: (fd, message) => {
            seen.push(message)
            kernel.write(fd, message.data)
          },
          close: (_fd, error) => closed.resolve(error),
        },
        [...deflating(deflate), [WS_PROTOCOL, [{ name: 'chat', json: false }]]],
      )
      const fragments = ['Grü', 'ße ', '', '🎲']
      const send = ['hello', LONG, { hex: BYTES.toString('hex') }, fragments, '']
      await using peer = start({ role: 'client', url, deflate, subprotocols: ['other', 'chat'], send })
      const said = (await peer.output()).toString().trimEnd().split('\n')
      expect(said[0]).toBe(`open chat ${extensions}`)
      expect(said.slice(1, 6).map(line => JSON.parse(line.slice(4)))).toEqual([
        'hello',
        LONG,
        { hex: BYTES.toString('hex') },
        'Grüße 🎲',
        '',
      ])
      expect(said.slice(6)).toEqual(['ponged', 'closed 4002 grüß dich'])
      expect(seen.map(compressedOf)).toEqual(seen.map(() => deflate))
      expect(await closed.promise).toMatchObject({ message: 'the peer closed with 4002: grüß dich' })
    })
  })

  test('is told the status of a refusal', async () => {
    await using kernel = await wsKernel()
    const { url } = await serving(kernel, {}, [[WS_AUTH, { keys: ['secret'] }]])
    await using peer = start({ role: 'client', url })
    expect((await peer.output()).toString()).toBe('refused 401\n')
  })

  describe.skipIf(!openssl)('over TLS', () => {
    test('answers our client', async () => {
      const { certificatePath: cert, privateKeyPath: key } = localhost
      await using peer = start({ role: 'server', deflate: true, cert, key })
      const port = await peer.port(/listening on /)
      await using kernel = await wsKernel()
      const inbox = new Inbox<WsMessage>()
      const client = await dialling(
        kernel,
        `wss://localhost:${port}/`,
        { message: (_fd, message) => inbox.put(message) },
        [...deflating(true), [TLS_CA, authority.certificate]],
        WEBSOCKET_SECURE_CLIENT,
      )
      kernel.write(client, LONG)
      expect((await inbox.next()).data).toBe(backwards(LONG))
    })

    test('is answered by our server', async () => {
      await using kernel = await wsKernel()
      const { port } = await serving(
        kernel,
        echoing(() => kernel),
        [
          [TLS_CERTIFICATE, localhost.certificate],
          [TLS_PRIVATE_KEY, localhost.privateKey],
          ...deflating(true),
        ],
        { mode: WEBSOCKET_SECURE_SERVER },
      )
      const url = `wss://localhost:${port}/`
      await using peer = start({ role: 'client', url, ca: authority.path, deflate: true, send: [LONG] })
      expect((await peer.output()).toString()).toContain('closed 4002')
      expect(JSON.parse((await peer.said(/^got (.*)$/m))[1]!)).toBe(LONG)
    })
  })
})

describe.skipIf(!lwsServer)("libwebsockets' test server", () => {
  /** It cannot say which one it was given. */
  async function freePort(): Promise<number> {
    const server = createTcpServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    server.close()
    await once(server, 'close')
    return port
  }

  async function started(): Promise<{ peer: Peer; url: string }> {
    const port = await freePort()
    const peer = new Peer(lwsServer!, [`--port=${port}`, '-d', '15'])
    await peer.said(/-> OPERATIONAL/)
    return { peer, url: `ws://127.0.0.1:${port}/` }
  }

  test.each([false, true])(
    'mirrors what our clients send to all of them, with permessage-deflate: %s',
    async deflate => {
      const { peer, url } = await started()
      await using _peer = peer
      await using kernel = await wsKernel()
      const options: OptionRow[] = [...deflating(deflate), [WS_PROTOCOL, 'lws-mirror-protocol']]
      const inboxes = [new Inbox<WsMessage>(), new Inbox<WsMessage>()]
      const clients = await Promise.all(
        inboxes.map(inbox =>
          dialling(kernel, url, { message: (_fd, message) => inbox.put(message) }, options),
        ),
      )
      for (const [i, text] of ['c #8B4011 119 3 26;', 'x'.repeat(3000), 'c #0E0822 218 49 13;'].entries()) {
        kernel.write(clients[i % 2]!, text)
        for (const inbox of inboxes) expect((await inbox.next()).data).toBe(text)
      }
      await kernel.close(clients[0]!, { code: 4000, reason: 'done' })
    },
  )

  test.each([false, true])('counts for our client, with permessage-deflate: %s', async deflate => {
    const { peer, url } = await started()
    await using _peer = peer
    await using kernel = await wsKernel()
    const inbox = new Inbox<WsMessage>()
    const client = await dialling(kernel, url, { message: (_fd, message) => inbox.put(message) }, [
      ...deflating(deflate),
      [WS_PROTOCOL, 'dumb-increment-protocol'],
    ])
    const first = Number((await inbox.next()).data)
    for (let i = 1; i < 5; i++) expect(Number((await inbox.next()).data)).toBe(first + i)
    await kernel.close(client)
  })
})

describe.skipIf(!lwsClient)("libwebsockets' test client", () => {
  test.each([false, true])(
    'talks to our server on two connections, with permessage-deflate: %s',
    async deflate => {
      await using kernel = await wsKernel()
      const inbox = new Inbox<WsMessage>()
      const { port } = await serving(
        kernel,
        {
          open: async fd => {
            // Version 4.1 stands still when a frame comes together with a 101 that has permessage-deflate, as on the other.
            if ((await kernel.query(fd, WS_SUBPROTOCOL)) === 'dumb-increment-protocol')
              kernel.write(fd, 'from us')
          },
          message: (_fd, message) => inbox.put(message),
        },
        [...deflating(deflate), [WS_PROTOCOL, ['dumb-increment-protocol', 'lws-mirror-protocol']]],
      )
      await using peer = new Peer(lwsClient!, ['127.0.0.1', `--port=${port}`, '-d', '15'])
      for (let i = 0; i < 20; i++) {
        const message = await inbox.next()
        expect(message.protocol).toBe('lws-mirror-protocol')
        expect(message.data).toMatch(/^c #[0-9A-F]{6} \d+ \d+ \d+;$/)
        expect(compressedOf(message)).toBe(deflate)
      }
      await peer.said(/from us/)
    },
  )
})

describe.skipIf(!chromium)('Chromium', { timeout: 60_000 }, () => {
  /** A page of some origin, without anything on it. */
  async function pageServer() {
    const server = createServer((_request, response) => {
      response.setHeader('Content-Type', 'text/html').end('<!doctype html><link rel="icon" href="data:,">')
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    return {
      origin: `http://127.0.0.1:${port}`,
      async [Symbol.asyncDispose]() {
        server.closeAllConnections()
        server.close()
        await once(server, 'close')
      },
    }
  }

  test('talks to our server: text, bytes, a subprotocol, compression and close codes', async () => {
    await using pages = await pageServer()
    await using kernel = await wsKernel()
    const seen: WsMessage[] = []
    const closed = Promise.withResolvers<Error | undefined>()
    const { url } = await serving(
      kernel,
      {
        message: (fd, message) => {
          seen.push(message)
          kernel.write(fd, message.data)
        },
        close: (_fd, error) => closed.resolve(error),
      },
      [
        [WS_ORIGIN, pages.origin],
        [WS_PROTOCOL, [{ name: 'chat', json: false }]],
        [WS_AUTH, { keys: ['secret'] }],
        ...deflating(true),
      ],
    )
    await using visit = await openBrowser(chromium!)
    await visit.page.goto(pages.origin)
    const result = await visit.page.evaluate(
      async ({ url, long }) => {
        const socket = new WebSocket(url, ['other', 'chat', 'unisock.auth.secret'])
        socket.binaryType = 'arraybuffer'
        const next = () =>
          new Promise<string | ArrayBuffer>(resolve => {
            socket.onmessage = event => resolve(event.data)
          })
        await new Promise((resolve, reject) => {
          socket.onopen = resolve
          socket.onerror = () => reject(new Error('refused'))
        })
        const { protocol, extensions } = socket
        socket.send('short')
        const short = await next()
        socket.send(long)
        const back = (await next()) === long
        socket.send(new Uint8Array([0, 127, 255]))
        const bytes = [...new Uint8Array((await next()) as ArrayBuffer)]
        socket.close(4003, 'tschüss')
        const { code, reason, wasClean } = await new Promise<CloseEvent>(resolve => {
          socket.onclose = resolve
        })
        return { protocol, extensions, short, back, bytes, code, reason, wasClean }
      },
      { url, long: LONG },
    )
    expect(result).toMatchObject({
      protocol: 'chat',
      extensions: expect.stringContaining('permessage-deflate'),
      short: 'short',
      back: true,
      bytes: [0, 127, 255],
      code: 4003,
      reason: 'tschüss',
      wasClean: true,
    })
    expect(seen.map(({ auth_valid, protocol }) => [auth_valid, protocol])).toEqual(
      seen.map(() => [true, 'chat']),
    )
    expect(seen.map(compressedOf)).toContain(true)
    expect(await closed.promise).toMatchObject({ message: 'the peer closed with 4003: tschüss' })
  })

  test("is refused for pages of another origin than the server's, and for those that are not listed", async () => {
    await using pages = await pageServer()
    await using kernel = await wsKernel()
    const own = await serving(kernel, {})
    const listed = await serving(kernel, {}, [[WS_ORIGIN, 'https://a.example']])
    await using visit = await openBrowser(chromium!)
    await visit.page.goto(pages.origin)
    for (const { url } of [own, listed]) {
      const code = await visit.page.evaluate(
        url =>
          new Promise<number | string>(resolve => {
            const socket = new WebSocket(url)
            socket.onopen = () => resolve('open')
            socket.onclose = event => resolve(event.code)
          }),
        url,
      )
      expect(code).toBe(1006)
    }
    expect(visit.errors).toHaveLength(2)
    for (const error of visit.errors) expect(error).toMatch(/Unexpected response code: 403/)
  })

  test('hears what our server says, its close code and reason', async () => {
    await using pages = await pageServer()
    await using kernel = await wsKernel()
    const { url } = await serving(
      kernel,
      {
        open: fd => {
          for (let i = 0; i < 3; i++) kernel.write(fd, `${i}`)
          void kernel.close(fd, { code: 4500, reason: 'geh weg, böser Gast' })
        },
      },
      [[WS_ORIGIN, '*']],
    )
    await using visit = await openBrowser(chromium!)
    await visit.page.goto(pages.origin)
    const heard = await visit.page.evaluate(
      url =>
        new Promise(resolve => {
          const messages: unknown[] = []
          const socket = new WebSocket(url)
          socket.onmessage = event => messages.push(event.data)
          socket.onclose = ({ code, reason, wasClean }) => resolve({ messages, code, reason, wasClean })
        }),
      url,
    )
    expect(heard).toEqual({
      messages: ['0', '1', '2'],
      code: 4500,
      reason: 'geh weg, böser Gast',
      wasClean: true,
    })
  })
})
