/** RFC 6455 sections 5 and 6.1: what our side sends is what is asked of senders. */
import { describe, expect, test } from 'vitest'
import { WS_PING_INTERVAL } from '../../src/index.ts'
import { BINARY, CLOSE, PING, TEXT } from '../support/raw.ts'
import { close, ping, text } from './support/parts.ts'
import { seatFor } from './support/seat.ts'
import { closeIn } from './support/wire.ts'

const LENGTHS = [0, 1, 125, 126, 127, 65_535, 65_536, 70_000]

describe.each(['server', 'client'] as const)('a %s', role => {
  test('RFC 6455 §5.2: sends whole frames with the shortest lengths', async () => {
    await using seat = await seatFor(role, 'inline')
    using line = await seat.open()
    for (const length of LENGTHS) {
      seat.kernel.write(line.fd, 'x'.repeat(length) as never)
      seat.kernel.write(line.fd, Buffer.alloc(length, 7) as never)
    }
    // That no length is longer than it must be, the reader of frames insists on.
    const frames = await line.wire.frames(LENGTHS.length * 2)
    expect(frames.map(({ opcode, payload }) => [opcode, payload.length])).toEqual(
      LENGTHS.flatMap(length => [
        [TEXT, length],
        [BINARY, length],
      ]),
    )
    for (const { fin, rsv, opcode, payload } of frames) {
      expect([fin, rsv]).toEqual([true, 0])
      expect(payload.every(byte => byte === (opcode === TEXT ? 0x78 : 7))).toBe(true)
    }
  })

  test('RFC 6455 §5.1, §5.3, §10.3: masks each frame with a key of its own as a client, and none as a server', async () => {
    await using seat = await seatFor(role, 'inline')
    using line = await seat.open()
    for (let i = 0; i < 50; i++) seat.kernel.write(line.fd, 'the same' as never)
    line.send(...Array.from({ length: 10 }, () => ping('p')))
    const frames = await line.wire.frames(60)
    void seat.kernel.close(line.fd)
    frames.push(...(await line.wire.frames(1)))
    expect(frames.at(-1)!.opcode).toBe(CLOSE)
    expect(frames.every(({ masked }) => masked === (role === 'client'))).toBe(true)
    const keys = new Set(frames.map(({ key }) => key?.toString('hex')))
    expect(keys.size).toBeGreaterThan(role === 'client' ? 55 : 0)
    if (role === 'server') expect([...keys]).toEqual([undefined])
    line.send(close(1000))
  })

  test('RFC 6455 §5.6: bytes that are asked to be text, and text to be binary, go as that', async () => {
    await using seat = await seatFor(role, 'inline')
    using line = await seat.open()
    seat.kernel.write(line.fd, { data: Buffer.from('grüße'), binary: false } as never)
    seat.kernel.write(line.fd, { data: 'grüße', binary: true } as never)
    seat.kernel.write(line.fd, { data: { a: [1] } } as never)
    const frames = await line.wire.frames(3)
    expect(frames.map(({ opcode, payload }) => [opcode, payload.toString()])).toEqual([
      [TEXT, 'grüße'],
      [BINARY, 'grüße'],
      [TEXT, '{"a":[1]}'],
    ])
  })

  test('RFC 6455 §8.1: halves of surrogate pairs do not leave as bad UTF-8', async () => {
    await using seat = await seatFor(role, 'inline')
    using line = await seat.open()
    seat.kernel.write(line.fd, 'a\ud83cb' as never)
    expect((await line.wire.frames(1))[0]!.payload.toString('hex')).toBe('61efbfbd62')
  })

  test('RFC 6455 §5.5.1: nothing follows a close, and what came before it is there', async () => {
    await using seat = await seatFor(role, 'inline')
    using line = await seat.open()
    for (let i = 0; i < 20; i++) seat.kernel.write(line.fd, `${i}` as never)
    const closing = seat.kernel.close(line.fd, { code: 4001, reason: 'schlüssig' })
    seat.kernel.write(line.fd, 'late' as never)
    const frames = await line.wire.frames(21)
    expect(frames.slice(0, 20).map(({ payload }) => payload.toString())).toEqual(
      Array.from({ length: 20 }, (_, i) => `${i}`),
    )
    expect(closeIn(frames)).toEqual({ close: 4001, reason: 'schlüssig' })
    line.send(text('not looked at any more'), ping('nor answered'), close(4001))
    expect(await line.over()).toEqual([])
    await closing
    expect(line.messages).toEqual([])
  })

  test('RFC 6455 §7.1.1: both sides may close at once', async () => {
    await using seat = await seatFor(role, 'inline')
    using line = await seat.open()
    const closing = seat.kernel.close(line.fd, { code: 1001 })
    line.send(close(1000))
    expect(closeIn(await line.over()).close).toBeOneOf([1000, 1001])
    await closing
  })

  test('RFC 6455 §5.5.2: pings are whole, short and plain', async () => {
    await using seat = await seatFor(role, 'inline', [[WS_PING_INTERVAL, 1]])
    using line = await seat.open()
    const [frame] = await line.wire.frames(1)
    expect(frame).toMatchObject({ fin: true, rsv: 0, opcode: PING, masked: role === 'client' })
    expect(frame!.payload.length).toBeLessThanOrEqual(125)
  })
})
