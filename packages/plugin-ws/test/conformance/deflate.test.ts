/** RFC 7692: permessage-deflate, received and sent. */
import { inflateRawSync, constants as zlib } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { WS_COMPRESSION, WS_MAX_MESSAGE_SIZE } from '../../src/index.ts'
import { deflateRows, inflatedSizeRows, LIMIT } from './rows/deflate.ts'
import { close } from './support/parts.ts'
import { seatFor } from './support/seat.ts'
import { runRows } from './support/table.ts'
import { closeIn } from './support/wire.ts'

const NO_TAKEOVER = 'permessage-deflate; server_no_context_takeover; client_no_context_takeover'
/** The peer's half of the handshake, after which every message stands for itself in a window of 1 KB. */
const headers = {
  server: { 'Sec-WebSocket-Extensions': 'permessage-deflate; client_max_window_bits' },
  client: {
    'Sec-WebSocket-Extensions': `${NO_TAKEOVER}; server_max_window_bits=10; client_max_window_bits=10`,
  },
}

runRows(deflateRows, { options: [[WS_COMPRESSION, true]], headers })

describe('bombs', () => {
  runRows(inflatedSizeRows, {
    options: [
      [WS_COMPRESSION, true],
      [WS_MAX_MESSAGE_SIZE, LIMIT],
    ],
    headers,
  })
})

const inflate = (data: Buffer, windowBits: number): string =>
  inflateRawSync(Buffer.concat([data, Buffer.from([0, 0, 0xff, 0xff])]), {
    windowBits,
    finishFlush: zlib.Z_SYNC_FLUSH,
  }).toString()

describe.each(['server', 'client'] as const)('a %s', role => {
  test('RFC 7692 §7.2.1: compresses from the threshold on, and marks what it compressed', async () => {
    await using seat = await seatFor(role, 'inline', [[WS_COMPRESSION, true]])
    using line = await seat.open(headers[role])
    const long = 'Hello '.repeat(1000)
    const random = Array.from({ length: 3000 }, (_, i) => ((i * 7919) % 65_537).toString(36)).join('')
    const written = [
      'short',
      long,
      long,
      { data: 'short', compress: true },
      { data: long, compress: false },
      random,
      'last',
    ]
    for (const message of written) seat.kernel.write(line.fd, message as never)
    const frames = await line.wire.frames(written.length)
    expect(frames.map(({ rsv }) => rsv)).toEqual([0, 4, 4, 4, 0, 4, 0])
    expect(
      frames.every(({ fin, opcode, masked }) => fin && opcode === 1 && masked === (role === 'client')),
    ).toBe(true)
    const texts = frames.map(({ rsv, payload }) => (rsv === 4 ? inflate(payload, 10) : payload.toString()))
    expect(texts).toEqual(['short', long, long, 'short', long, random, 'last'])
    // Each stands for itself, and the trailer of section 7.2.1 is left out.
    expect(frames[1]!.payload).toEqual(frames[2]!.payload)
    expect(frames[1]!.payload.length).toBeLessThan(200)
    expect(frames[1]!.payload.subarray(-4)).not.toEqual(Buffer.from([0, 0, 0xff, 0xff]))
    line.send(close(1000))
    expect(closeIn(await line.over())).toMatchObject({ close: 1000 })
  })
})

test('RFC 7692 §7.1.2.1: a server keeps to the window that its client asks for', async () => {
  await using seat = await seatFor('server', 'inline', [[WS_COMPRESSION, { windowBits: 15 }]])
  using line = await seat.open({ 'Sec-WebSocket-Extensions': 'permessage-deflate; server_max_window_bits=9' })
  const noise = Array.from({ length: 600 }, (_, i) => ((i * 7919) % 65_537).toString(36)).join('')
  seat.kernel.write(line.fd, noise + noise)
  const [frame] = await line.wire.frames(1)
  expect(frame!.rsv).toBe(4)
  expect(inflate(frame!.payload, 9)).toBe(noise + noise)
})

test('RFC 7692 §7.1.1: with context takeover messages refer to those before them, both ways', async () => {
  await using seat = await seatFor('server', 'inline', [
    [WS_COMPRESSION, { contextTakeover: true, threshold: 0 }],
  ])
  using line = await seat.open({ 'Sec-WebSocket-Extensions': 'permessage-deflate' })
  const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex')
  const { text } = await import('./support/parts.ts')
  line.send(text(hex('f2 48 cd c9 c9 07 00'), { rsv: 4 }), text(hex('f2 00 11 00 00'), { rsv: 4 }))
  expect([await line.inbox.next(), await line.inbox.next()]).toEqual([
    'compressed text Hello',
    'compressed text Hello',
  ])
  seat.kernel.write(line.fd, 'Hello' as never)
  seat.kernel.write(line.fd, 'Hello' as never)
  const [first, second] = await line.wire.frames(2)
  expect(second!.payload.length).toBeLessThan(first!.payload.length)
  expect(() => inflate(second!.payload, 15)).toThrow(/distance/)
})
