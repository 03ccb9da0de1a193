/** RFC 6455 section 5.4: fragments belong to their connection, however those of several arrive. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { WS_COMPRESSION } from '../../src/index.ts'
import { close, deflate, fragments, more, type Part, RSV1, text } from './support/parts.ts'
import { type Line, seatFor, serverSeat } from './support/seat.ts'
import { closeIn } from './support/wire.ts'

/** Sends the parts of all lines in a given order, each in a turn of its own. */
async function interleave(
  lines: readonly Line[],
  parts: readonly Part[][],
  order: readonly number[],
): Promise<void> {
  const left = parts.map(own => [...own])
  for (const index of [...order, ...left.flatMap((own, i) => own.map(() => i))]) {
    const part = left[index]!.shift()
    if (!part) continue
    lines[index]!.send(part)
    await new Promise(resolve => setImmediate(resolve))
  }
}

const letters = (prefix: string): string[] => Array.from({ length: 6 }, (_, i) => `${prefix}${i} `)

describe.each(['server', 'client'] as const)('a %s', role => {
  test('two connections take turns, fragment by fragment', async () => {
    await using seat = await seatFor(role, 'inline')
    using a = await seat.open()
    using b = await seat.open()
    await interleave(
      [a, b],
      [fragments(text, letters('a')), fragments(text, letters('b'))],
      Array.from({ length: 12 }, (_, i) => i % 2),
    )
    expect([await a.inbox.next(), await b.inbox.next()]).toEqual([
      `text ${letters('a').join('')}`,
      `text ${letters('b').join('')}`,
    ])
  })

  test('in any order that three connections may be in', async () => {
    await using seat = await seatFor(role, 'inline')
    const lines = [await seat.open(), await seat.open(), await seat.open()]
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(fc.string({ unit: 'grapheme', maxLength: 5 }), { minLength: 1, maxLength: 5 }), {
          minLength: 3,
          maxLength: 3,
        }),
        fc.array(fc.nat(2), { maxLength: 15 }),
        async (pieces, order) => {
          await interleave(
            lines,
            pieces.map(own => fragments(text, own)),
            order,
          )
          for (const [i, line] of lines.entries())
            expect(await line.inbox.next()).toBe(`text ${pieces[i]!.join('')}`)
        },
      ),
      { numRuns: 40 },
    )
    for (const line of lines) line[Symbol.dispose]()
  })
})

test('compressed fragments of two connections do not share a window', async () => {
  await using seat = await serverSeat('inline', [[WS_COMPRESSION, { contextTakeover: true }]])
  const headers = { 'Sec-WebSocket-Extensions': 'permessage-deflate' }
  using a = await seat.open(headers)
  using b = await seat.open(headers)
  const cut = (payload: string): Part[] => {
    const data = deflate(payload)
    return [text(data.subarray(0, 3), { fin: false, rsv: RSV1 }), more(data.subarray(3))]
  }
  await interleave([a, b], [cut('of the first'), cut('of the second')], [0, 1, 0, 1])
  expect([await a.inbox.next(), await b.inbox.next()]).toEqual([
    'compressed text of the first',
    'compressed text of the second',
  ])
})

test('a breach on one connection leaves the message of another whole', async () => {
  await using seat = await serverSeat()
  using good = await seat.open()
  good.send(text('be', { fin: false }))
  for (const part of [more('x'), text('', { rsv: 7 }), close(1005), text(Buffer.from([0xff]))]) {
    using bad = await seat.open()
    bad.send(part)
    expect(closeIn(await bad.over()).close).toBeGreaterThan(1000)
    await bad.told
  }
  good.send(more('fore'))
  expect(await good.inbox.next()).toBe('text before')
})
