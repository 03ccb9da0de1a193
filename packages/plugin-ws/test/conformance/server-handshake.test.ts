/** RFC 6455 section 4.2: a server's half of the opening handshake, over a raw socket. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { acceptOf, request } from '../support/raw.ts'
import { negotiations } from './rows/negotiation.ts'
import { requestRows } from './rows/request.ts'
import type { HandshakeGroup, HandshakeRow } from './support/handshake-row.ts'
import { close, ping, text } from './support/parts.ts'
import { fieldOf, serverSeat } from './support/seat.ts'
import { closeIn, pongsIn, Wire } from './support/wire.ts'

type ServerSeat = Awaited<ReturnType<typeof serverSeat>>
const MASK = Buffer.from([4, 3, 2, 1])

async function shake(seat: ServerSeat, { given, expect: outcome }: HandshakeRow): Promise<void> {
  using wire = await Wire.connect(seat.port)
  const head = await wire.send(given).head()
  expect(head).toMatch(/^HTTP\/1\.1 \d{3} [\x20-\x7e]+\r\n/)
  const { status, headers = {} } = outcome
  expect(Number(head.slice(9, 12))).toBe(status)
  for (const [name, value] of Object.entries(headers))
    expect([name, fieldOf(head, name)]).toEqual([name, value])
  if (status !== 101) {
    expect(fieldOf(head, 'Connection')).toMatch(/\bclose$/)
    // One response, of the length it says, and the end.
    const length = given.toString('latin1').startsWith('HEAD ') ? 0 : Number(fieldOf(head, 'Content-Length'))
    expect(await wire.rest()).toHaveLength(length)
    return
  }
  const key = fieldOf(given.toString(), 'Sec-WebSocket-Key')!.trim()
  expect(fieldOf(head, 'Sec-WebSocket-Accept')).toBe(acceptOf(key))
  wire.send(Buffer.concat([ping('open?')(MASK), close(1000)(MASK)]))
  const frames = await wire.frames()
  expect(pongsIn(frames).map(String)).toEqual(['open?'])
  expect(closeIn(frames).close).toBe(1000)
}

const groups: readonly HandshakeGroup[] = [
  { name: 'a server', options: [], rows: requestRows },
  ...negotiations,
]

describe.each(groups.map(group => [group.name, group] as const))('%s', (_name, { options, rows }) => {
  let seat: ServerSeat
  beforeAll(async () => {
    seat = await serverSeat('inline', options)
  })
  afterAll(() => seat[Symbol.asyncDispose]())
  test.each(rows.map(row => [row.clause, row.title.slice(0, 100), row] as const))(
    '%s: %s',
    (_clause, _title, row) => shake(seat, row),
  )
})

const PIPELINED = [text('one'), text('two'), ping('p'), close(1000)]

test('RFC 6455 §4.1: frames right behind the request are the first of the connection', async () => {
  await using seat = await serverSeat()
  const line = await seat.open({}, PIPELINED)
  const frames = await line.over()
  expect([pongsIn(frames).map(String), closeIn(frames).close]).toEqual([['p'], 1000])
  await line.told
  expect(line.messages).toEqual(['text one', 'text two'])
})

test('RFC 6455 §4.1: frames behind a request that is refused are not looked at', async () => {
  await using seat = await serverSeat()
  using wire = await Wire.connect(seat.port)
  const frames = Buffer.concat(PIPELINED.map(part => part(MASK)))
  wire.send(Buffer.concat([Buffer.from(request({ 'Sec-WebSocket-Version': '8' })), frames]))
  const head = await wire.head()
  expect(head).toMatch(/^HTTP\/1\.1 426 /)
  expect(await wire.rest()).toHaveLength(Number(fieldOf(head, 'Content-Length')))
})

test('RFC 9112: a request that comes a byte at a time is one', async () => {
  await using seat = await serverSeat()
  using wire = await Wire.connect(seat.port)
  await wire.dribble(Buffer.from(request()))
  expect(await wire.head()).toMatch(/^HTTP\/1\.1 101 /)
  wire.send(close(1000)(MASK))
  expect(closeIn(await wire.frames()).close).toBe(1000)
})
