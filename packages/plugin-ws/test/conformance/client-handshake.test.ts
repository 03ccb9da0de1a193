/** RFC 6455 section 4.1: a client's half of the opening handshake, against a raw server. */
import type { Kernel } from '@unisock/kernel'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { WEBSOCKET_CLIENT, WS_AUTH, WS_HEADERS, WS_ORIGIN, WS_PROTOCOL } from '../../src/index.ts'
import { type OptionRow, wsKernel } from '../support/kernel.ts'
import { type AnswerRow, answerGroups } from './rows/client-handshake.ts'
import { close, ping, text } from './support/parts.ts'
import { fieldOf, PlainServer, response } from './support/seat.ts'
import { closeIn, pongsIn } from './support/wire.ts'

let kernel: Kernel
let server: PlainServer
beforeAll(async () => {
  kernel = await wsKernel()
  server = await PlainServer.listen()
})
afterAll(async () => {
  await kernel.close()
  await server[Symbol.asyncDispose]()
})

function dial(options: readonly OptionRow[] = [], path = '/', messages: unknown[] = []) {
  const fd = kernel.create(WEBSOCKET_CLIENT, { message: (_fd, { data }) => void messages.push(data) })
  for (const [option, value] of options) void kernel.setOption(fd, option, value as never)
  const connected = kernel.connect(fd, `ws://127.0.0.1:${server.port}${path}`)
  return {
    fd,
    verdict: connected.then(
      () => 'open',
      (error: Error & { code: string }) => error.code,
    ),
  }
}

async function shake(
  options: readonly OptionRow[],
  { given, ends, expect: verdict }: AnswerRow,
): Promise<void> {
  const client = dial(options)
  using wire = await server.accept()
  wire.send(given(await wire.head()) as Buffer)
  if (ends) wire.socket.end()
  expect(await client.verdict).toBe(verdict)
  if (verdict !== 'open') return void (await wire.rest())
  wire.send(Buffer.concat([ping('open?')(null), close(1000)(null)]))
  const frames = await wire.frames()
  expect(pongsIn(frames).map(String)).toEqual(['open?'])
  expect(closeIn(frames).close).toBe(1000)
}

describe.each(answerGroups.map(group => [group.name, group] as const))('%s', (_name, { options, rows }) => {
  test.each(rows.map(row => [row.clause, row.title, row] as const))('%s: %s', (_clause, _title, row) =>
    shake(options, row),
  )
})

/** What a client asks with, refused. */
async function asked(options: readonly OptionRow[], path?: string): Promise<string> {
  const client = dial(options, path)
  using wire = await server.accept()
  const head = await wire.head()
  wire.send('HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n')
  await client.verdict
  return head
}

describe('RFC 6455 §4.1: the request', () => {
  test('has what it must, each once, and nothing else', async () => {
    const head = await asked([])
    const [line, ...fields] = head.trimEnd().split('\r\n')
    expect(line).toBe('GET / HTTP/1.1')
    expect(fields.map(field => field.slice(0, field.indexOf(':')).toLowerCase()).sort()).toEqual([
      'connection',
      'host',
      'sec-websocket-key',
      'sec-websocket-version',
      'upgrade',
    ])
    expect(fieldOf(head, 'Host')).toBe(`127.0.0.1:${server.port}`)
    expect(fieldOf(head, 'Connection')).toBe('Upgrade')
    expect(fieldOf(head, 'Upgrade')).toBe('websocket')
    expect(fieldOf(head, 'Sec-WebSocket-Version')).toBe('13')
  })

  test('has a key of 16 bytes, another each time', async () => {
    const keys = new Set<string>()
    for (let i = 0; i < 5; i++) keys.add(fieldOf(await asked([]), 'Sec-WebSocket-Key')!)
    expect(keys.size).toBe(5)
    for (const key of keys) expect(Buffer.from(key, 'base64')).toHaveLength(16)
  })

  test('asks for the path and query of the URL', async () => {
    expect(await asked([], '/chat/room%201?a=1&b=%C3%BC')).toMatch(
      /^GET \/chat\/room%201\?a=1&b=%C3%BC HTTP\/1\.1\r\n/,
    )
  })

  test('has what the options say', async () => {
    const head = await asked([
      [WS_PROTOCOL, ['chat', 'game']],
      [WS_ORIGIN, 'https://a.example'],
      [WS_HEADERS, { 'X-Game': 'one' }],
      [WS_AUTH, { key: 'secret' }],
    ])
    expect(fieldOf(head, 'Sec-WebSocket-Protocol')?.split(/ *, */)).toEqual(['chat', 'game'])
    expect(fieldOf(head, 'Origin')).toBe('https://a.example')
    expect(fieldOf(head, 'X-Game')).toBe('one')
    expect(fieldOf(head, 'Authorization')).toBe('Key secret')
  })
})

test('RFC 6455 §4.1: frames right behind the answer are the first of the connection', async () => {
  const messages: unknown[] = []
  const client = dial([], '/', messages)
  using wire = await server.accept()
  const head = response(await wire.head())
  wire.send(
    Buffer.concat([
      Buffer.from(head),
      text('one')(null),
      text('two')(null),
      ping('p')(null),
      close(1000)(null),
    ]),
  )
  expect(await client.verdict).toBe('open')
  const frames = await wire.frames()
  expect([messages, pongsIn(frames).map(String), closeIn(frames).close]).toEqual([
    ['one', 'two'],
    ['p'],
    1000,
  ])
})

test('RFC 9112: an answer that comes a byte at a time is one', async () => {
  const client = dial()
  using wire = await server.accept()
  await wire.dribble(Buffer.from(response(await wire.head())))
  expect(await client.verdict).toBe('open')
})
