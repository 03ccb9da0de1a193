/** RFC 6455 section 10: peers that take too much, too long, or say nothing. */
import { SO_LINGER } from '@unisock/kernel'
import { describe, expect, test } from 'vitest'
import {
  WEBSOCKET_CLIENT,
  WS_HANDSHAKE_TIMEOUT,
  WS_MAX_MESSAGE_SIZE,
  WS_PING_INTERVAL,
  WS_PONG_TIMEOUT,
} from '../../src/index.ts'
import { wsKernel } from '../support/kernel.ts'
import { PING, request } from '../support/raw.ts'
import { LIMIT, limitRows } from './rows/limits.ts'
import { close, fragments, more, ping, pong, text } from './support/parts.ts'
import { type Line, PlainServer, seatFor, serverSeat } from './support/seat.ts'
import { runRows } from './support/table.ts'
import { closeIn, pongsIn, Wire } from './support/wire.ts'

runRows(limitRows, { options: [[WS_MAX_MESSAGE_SIZE, LIMIT]] })

const codeOf = async (line: Line) => ((await line.told) as { code?: string } | undefined)?.code

describe.concurrent('a peer that takes its time', () => {
  test('slow handshakes are all ended in time, and a good one among them is served', async () => {
    await using seat = await serverSeat('inline', [[WS_HANDSHAKE_TIMEOUT, 1]])
    const slow = await Promise.all(Array.from({ length: 50 }, () => Wire.connect(seat.port)))
    for (const [i, wire] of slow.entries()) wire.send(request().slice(0, i * 2))
    const drip = setInterval(() => {
      for (const wire of slow.slice(10)) wire.send('x')
    }, 100)
    using good = await seat.open()
    good.send(text('served'))
    expect(await good.inbox.next()).toBe('text served')
    const ends = await Promise.all(slow.map(wire => wire.rest()))
    clearInterval(drip)
    for (const wire of slow) wire[Symbol.dispose]()
    // The drip makes nonsense of some requests, of others a long field.
    expect(new Set(ends.map(end => end.slice(0, 12)))).toEqual(new Set(['HTTP/1.1 400', 'HTTP/1.1 408']))
    expect(ends.filter(end => end.startsWith('HTTP/1.1 408')).length).toBeGreaterThan(20)
    let seen = ''
    while (!seen.includes('"pending":0')) seen = JSON.stringify(await seat.kernel.inspect())
    good.send(text('still'))
    expect(await good.inbox.next()).toBe('text still')
  })

  test.each(['server', 'client'] as const)(
    'RFC 6455 §5.5.2: for a %s a half-open peer is dead, one that answers pings or sends is not',
    async role => {
      await using seat = await seatFor(role, 'inline', [
        [WS_PING_INTERVAL, 1],
        [WS_PONG_TIMEOUT, 1],
      ])
      using silent = await seat.open()
      using answering = await seat.open()
      using talking = await seat.open()
      let pings = 0
      const answer = async () => {
        for (;;) {
          const [frame] = await answering.wire.frames(1)
          if (frame?.opcode !== PING) return
          pings++
          answering.send(pong(frame.payload))
        }
      }
      void answer()
      const chat = setInterval(() => talking.send(pong('unasked'), text('here')), 200)
      expect(await codeOf(silent)).toBe('ETIMEDOUT')
      while (pings < 2) await new Promise(resolve => setTimeout(resolve, 50))
      clearInterval(chat)
      for (const line of [answering, talking]) {
        line.send(text('alive'))
        let message = ''
        while (message !== 'text alive') message = await line.inbox.next()
      }
    },
  )

  test('a client gives up a server that does not answer in time, or answers byte by byte', async () => {
    await using kernel = await wsKernel()
    await using server = await PlainServer.listen()
    const verdicts = [0, 1].map(async () => {
      const fd = kernel.create(WEBSOCKET_CLIENT, {})
      void kernel.setOption(fd, WS_HANDSHAKE_TIMEOUT, 1)
      await expect(kernel.connect(fd, server.port)).rejects.toMatchObject({ code: 'ETIMEDOUT' })
    })
    using _silent = await server.accept()
    using slow = await server.accept()
    slow.send('HTTP/1.1 101 Switching Protocols\r\nX-A: ')
    const drip = setInterval(() => slow.send('x'), 100)
    await Promise.all(verdicts)
    clearInterval(drip)
    await slow.rest()
  })

  test('the end of one kernel does not stop the pings of another in its thread', async () => {
    await using seat = await serverSeat('inline', [[WS_PING_INTERVAL, 1]])
    using line = await seat.open()
    const other = await serverSeat('inline', [[WS_PING_INTERVAL, 1]])
    {
      using _beside = await other.open()
      await other[Symbol.asyncDispose]()
    }
    expect((await line.wire.frames(1))[0]!.opcode).toBe(PING)
  })

  test.each(['server', 'client'] as const)(
    'RFC 6455 §7.1.1: a %s gives up a peer that does not end the transport behind the closing handshake',
    async role => {
      await using seat = await seatFor(role, 'inline', [[SO_LINGER, 0]])
      using line = await seat.open()
      line.send(close(1000))
      expect(closeIn(await line.wire.frames()).close).toBe(1000)
      // The peer's side stays open.
      expect(await codeOf(line)).toBeUndefined()
    },
  )

  test.each(['server', 'client'] as const)(
    'RFC 6455 §7.1.7: a %s gives up a peer that does not end the transport behind a breach',
    async role => {
      await using seat = await seatFor(role, 'inline', [[SO_LINGER, 0]])
      using line = await seat.open()
      line.send(more('x'))
      expect(closeIn(await line.wire.frames()).close).toBe(1002)
      expect(await codeOf(line)).toBe('EPROTO')
    },
  )
})

describe.each(['server', 'client'] as const)('a %s', role => {
  test('answers sixty pings at once', async () => {
    await using seat = await seatFor(role, 'inline')
    using line = await seat.open()
    line.send(...Array.from({ length: 60 }, (_, i) => ping(`${i}`)), close(1000))
    const frames = await line.over()
    expect(pongsIn(frames).map(String)).toEqual(Array.from({ length: 60 }, (_, i) => `${i}`))
    expect(closeIn(frames).close).toBe(1000)
  })

  test('answers ten thousand pings, each batch read before the next', async () => {
    await using seat = await seatFor(role, 'inline')
    using line = await seat.open()
    for (let batch = 0; batch < 200; batch++) {
      line.send(...Array.from({ length: 50 }, () => ping('p')))
      expect(pongsIn(await line.wire.frames(50))).toHaveLength(50)
    }
    line.send(close(1000))
    expect(closeIn(await line.over()).close).toBe(1000)
  })

  test('drops a flood of pings whose pongs cannot leave (knowingly: ws holds sixty)', async () => {
    await using seat = await seatFor(role, 'inline')
    using line = await seat.open()
    using beside = await seat.open()
    line.wire.socket.pause()
    const flood = line.encode(Array.from({ length: 10_000 }, () => ping('p'.repeat(125))))
    line.wire.send(flood)
    expect(await codeOf(line)).toBe('ECONNRESET')
    beside.send(text('alive'))
    expect(await beside.inbox.next()).toBe('text alive')
  })

  test('holds nothing of a message that ends with its connection', async () => {
    await using seat = await seatFor(role, 'inline', [[WS_MAX_MESSAGE_SIZE, 2 ** 20]])
    for (let i = 0; i < 20; i++) {
      using line = await seat.open()
      line.send(...fragments(text, ['x'.repeat(900_000), 'y']).slice(0, 1))
      line.wire.socket.end()
      expect(await codeOf(line)).toBe('ECONNRESET')
      expect(line.messages).toEqual([])
    }
  })
})
