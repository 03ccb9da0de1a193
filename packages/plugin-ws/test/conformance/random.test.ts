/** Random bytes, frames, handshakes and compressed data: nothing of ours falls over, and nobody beside it notices. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { WS_COMPRESSION, WS_MAX_MESSAGE_SIZE } from '../../src/index.ts'
import { frame, request } from '../support/raw.ts'
import { deflate, text } from './support/parts.ts'
import { type Line, type Seat, seatFor, serverSeat } from './support/seat.ts'
import { closeIn, Wire } from './support/wire.ts'

const noise = fc.uint8Array({ maxLength: 200 }).map(bytes => Buffer.from(bytes))

/** Anything that has the form of a frame. */
const anyFrame = fc
  .record({
    opcode: fc.nat(15),
    payload: fc.uint8Array({ maxLength: 140 }),
    fin: fc.boolean(),
    rsv: fc.oneof({ weight: 6, arbitrary: fc.constant(0) }, fc.constant(4), fc.nat(7)),
    masked: fc.oneof({ weight: 6, arbitrary: fc.constant(undefined) }, fc.boolean()),
    lengthBytes: fc.constantFrom<0 | 2 | 8 | undefined>(undefined, undefined, undefined, 2, 8),
  })
  .map(({ opcode, payload, fin, rsv, masked, lengthBytes }) => (mask: Buffer | null) => {
    const key = (masked ?? mask !== null) ? Buffer.from([9, 7, 5, 3]) : null
    const data = Buffer.from(lengthBytes === undefined ? payload.subarray(0, 125) : payload)
    return frame(opcode, data, { fin, rsv, mask: key, ...(lengthBytes && { lengthBytes }) })
  })

/** Frames as they should be, one byte of which is not. */
const spoilt = fc
  .tuple(fc.array(fc.string({ maxLength: 20 }), { minLength: 1, maxLength: 5 }), fc.nat(), fc.nat(255))
  .map(([texts, at, value]) => (mask: Buffer | null) => {
    const data = Buffer.concat(texts.map(one => text(one)(mask)))
    data[at % data.length] = value
    return data
  })

const anything = fc.oneof(
  noise.map(bytes => () => bytes),
  fc
    .array(anyFrame, { maxLength: 8 })
    .map(frames => (mask: Buffer | null) => Buffer.concat(frames.map(f => f(mask)))),
  spoilt,
)

/** The codes of section 7.4.1 that a peer can bring upon itself. */
const BREACHES = [1002, 1007, 1008, 1009]

/** What holds however a connection went: its end is orderly, a breach, a peer's own close or a loss. */
async function judge(line: Line): Promise<void> {
  line.wire.socket.end()
  const { close } = closeIn(await line.over())
  const told = (await line.told) as { code: string; message: string } | undefined
  expect(told?.code).toBeOneOf([undefined, 'EPROTO', 'ECONNRESET'])
  if (told?.message.startsWith('the peer broke')) expect(close).toBeOneOf([undefined, ...BREACHES])
  if (told === undefined) expect(close).toBeOneOf([1000, 1001, 1005])
}

async function unharmed(beside: Line, i: number): Promise<void> {
  beside.send(text(`still here ${i}`))
  expect(await beside.inbox.next()).toBe(`text still here ${i}`)
}

const DEFLATE = {
  server: { 'Sec-WebSocket-Extensions': 'permessage-deflate; client_max_window_bits' },
  client: {
    'Sec-WebSocket-Extensions': 'permessage-deflate; server_no_context_takeover; server_max_window_bits=10',
  },
}

describe.each([
  ['server', 'inline', 80],
  ['client', 'inline', 80],
  ['server', 'thread', 25],
  ['client', 'thread', 25],
  ['server', 'process', 20],
] as const)('a %s, %s', (role, isolation, numRuns) => {
  const assault = async (
    seat: Seat,
    headers: Record<string, string>,
    bytes: fc.Arbitrary<(mask: Buffer | null) => Buffer>,
  ): Promise<void> => {
    using beside = await seat.open(headers)
    let i = 0
    await fc.assert(
      fc.asyncProperty(bytes, async given => {
        using line = await seat.open(headers)
        line.send(given)
        await judge(line)
        await unharmed(beside, i++)
      }),
      { numRuns },
    )
  }

  test('outlives whatever comes on a connection', async () => {
    await using seat = await seatFor(role, isolation)
    await assault(seat, {}, anything)
  })

  test('outlives whatever comes on a connection with permessage-deflate', async () => {
    await using seat = await seatFor(role, isolation, [
      [WS_COMPRESSION, true],
      [WS_MAX_MESSAGE_SIZE, 10_000],
    ])
    const squeezed = fc
      .tuple(fc.string({ maxLength: 300 }), fc.nat(), fc.nat(255), fc.boolean())
      .map(([content, at, value, repeated]) => (mask: Buffer | null) => {
        const data = Buffer.from(deflate(repeated ? content.repeat(100) : content))
        if (data.length > 0) data[at % data.length] = value
        return text(data, { rsv: 4 })(mask)
      })
    const unpacked = noise.map(bytes => (mask: Buffer | null) => text(bytes, { rsv: 4 })(mask))
    await assault(seat, DEFLATE[role], fc.oneof(anything, squeezed, unpacked))
  })
})

describe.each(['inline', 'thread'] as const)('handshakes, %s', isolation => {
  const whole = request({
    Cookie: 'a=b',
    'Sec-WebSocket-Protocol': 'chat',
    'Sec-WebSocket-Extensions': 'x; a=1',
  })
  const changed = fc
    .array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 })
    .map(changes => {
      const data = Buffer.from(whole)
      for (const [at, value] of changes) data[at] = value
      return data
    })
  const lacking = fc
    .tuple(fc.nat(whole.length), fc.nat(20))
    .map(([at, count]) => Buffer.from(whole.slice(0, at) + whole.slice(at + count)))

  test('whatever comes instead of a request, or of a part of it, is answered or ended', async () => {
    await using seat = await serverSeat(isolation)
    using beside = await seat.open()
    let i = 0
    await fc.assert(
      fc.asyncProperty(fc.oneof(changed, lacking, noise), async given => {
        using wire = await Wire.connect(seat.port)
        wire.send(given)
        wire.socket.end()
        const answer = await wire.rest()
        expect(answer).toMatch(/^(?:HTTP\/1\.1 (?:101|400|403|405|413|426|431|505) [\s\S]*|)$/)
        await unharmed(beside, i++)
      }),
      { numRuns: isolation === 'inline' ? 150 : 40 },
    )
  })
})
