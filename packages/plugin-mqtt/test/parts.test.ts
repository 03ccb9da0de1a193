/** Pieces that are the same for everybody: topics, packets, identifiers, waits. */

import { PassThrough } from 'node:stream'
import fc from 'fast-check'
import { generate, parser } from 'mqtt-packet'
import { describe, expect, test } from 'vitest'
import { PacketIds } from '../src/client/packet-ids.ts'
import { PublishWriter } from '../src/client/publish-writer.ts'
import { responseTo } from '../src/index.ts'
import { PacketSize } from '../src/packet-size.ts'
import { covers, matches, ownFilter } from '../src/topics/match.ts'

describe('topic filters', () => {
  test.each([
    ['a/b', 'a/b', true],
    ['a/b', 'a/b/c', false],
    ['a/+', 'a/b', true],
    ['a/+', 'a/', true],
    ['a/+', 'a', false],
    ['+/+', '/a', true],
    ['a/#', 'a', true],
    ['a/#', 'a/b/c', true],
    ['a/#', 'ab', false],
    ['#', 'a/b', true],
    ['#', '$SYS/x', false],
    ['+/x', '$SYS/x', false],
    ['$SYS/#', '$SYS/x', true],
  ])('%s means %s: %s', (filter, topic, means) => {
    expect(matches(filter, topic)).toBe(means)
  })

  const level = fc.constantFrom('a', 'b', '')
  const topics = fc.array(level, { minLength: 1, maxLength: 4 }).map(levels => levels.join('/'))
  const filters = fc
    .tuple(fc.array(fc.oneof(level, fc.constant('+')), { minLength: 1, maxLength: 4 }), fc.boolean())
    .map(([levels, all]) => [...levels, ...(all ? ['#'] : [])].join('/'))

  test('one that covers another means every topic that the other means', () => {
    fc.assert(
      fc.property(filters, filters, topics, (filter, asked, topic) => {
        if (covers(filter, asked) && matches(asked, topic)) expect(matches(filter, topic)).toBe(true)
      }),
      { numRuns: 2000 },
    )
  })

  test('one covers itself, and as a topic what it matches', () => {
    fc.assert(
      fc.property(filters, topics, (filter, topic) => {
        expect(covers(filter, filter)).toBe(true)
        expect(covers(filter, topic)).toBe(matches(filter, topic))
      }),
    )
  })

  test('those of shared subscriptions are what is behind the name', () => {
    expect(ownFilter('$share/group/a/#')).toBe('a/#')
    expect(ownFilter('$shared/a')).toBe('$shared/a')
  })
})

const packets = fc.array(
  fc.record({
    topic: fc.constantFrom('a', 'mud/rooms/17', 'Grüße'),
    payload: fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.uint8Array({ maxLength: 300 }),
      fc.integer({ min: 0, max: 70_000 }).map(size => 'x'.repeat(size)),
    ),
    qos: fc.constantFrom(0, 1, 2),
    retain: fc.boolean(),
    dup: fc.boolean(),
    messageId: fc.integer({ min: 1, max: 65_535 }),
  }),
  { minLength: 1, maxLength: 40 },
)

describe('PUBLISH packets', () => {
  test.each([4, 5] as const)('of version %i are what mqtt-packet reads', version => {
    fc.assert(
      fc.property(packets, messages => {
        const stream = new PassThrough({ highWaterMark: 2 ** 24 })
        const writer = new PublishWriter(stream, version === 5)
        for (const { topic, payload, qos, retain, dup, messageId } of messages)
          writer.write(topic, payload, qos, retain, dup, qos > 0 ? messageId : 0)
        writer.flush()
        const read: any[] = []
        const parse = parser({ protocolVersion: version })
        parse.on('packet', packet => read.push(packet))
        for (let chunk = stream.read(); chunk !== null; chunk = stream.read()) parse.parse(chunk)
        expect(read.map(({ topic, qos, retain, dup }) => ({ topic, qos, retain, dup }))).toEqual(
          messages.map(({ topic, qos, retain, dup }) => ({ topic, qos, retain, dup })),
        )
        for (const [i, { payload, qos, messageId }] of messages.entries()) {
          expect(read[i].payload.equals(Buffer.from(payload as string))).toBe(true)
          if (qos > 0) expect(read[i].messageId).toBe(messageId)
        }
      }),
      { numRuns: 60 },
    )
  })
})

describe('the size of packets', () => {
  const stream = (sizes: readonly number[]): Buffer =>
    Buffer.concat(
      sizes.map(size =>
        generate({
          cmd: 'publish',
          topic: 't',
          payload: Buffer.alloc(size),
          qos: 0,
          dup: false,
          retain: false,
        }),
      ),
    )

  test('is seen wherever the bytes are cut, and only what is too large is refused', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 20_000 }), { maxLength: 8 }),
        fc.array(fc.integer({ min: 1, max: 5000 }), { minLength: 1, maxLength: 20 }),
        (sizes, cuts) => {
          const bytes = stream(sizes)
          const largest = Math.max(2, ...sizes.map(size => stream([size]).length))
          const guard = new PacketSize(largest)
          for (let at = 0, i = 0; at < bytes.length; i++) {
            const size = cuts[i % cuts.length]!
            guard.check(bytes.subarray(at, at + size))
            at += size
          }
          if (sizes.length > 0) expect(() => new PacketSize(largest - 1).check(bytes)).toThrow('bytes')
        },
      ),
    )
  })

  test('has an end', () => {
    expect(() => new PacketSize(1e9).check(Buffer.alloc(5, 0xff))).toThrow('no end')
  })
})

test('identifiers are not given twice before they are given back, and all are used', () => {
  const ids = new PacketIds([1, 3])
  const given = new Set<number>()
  for (let id = ids.allocate(); id !== null; id = ids.allocate()) {
    expect(given.has(id)).toBe(false)
    given.add(id)
  }
  expect(given.size).toBe(65_533)
  expect([given.has(1), given.has(3), ids.free]).toEqual([false, false, 0])
  ids.deallocate(3)
  expect([ids.free, ids.allocate(), ids.allocate()]).toEqual([1, 3, null])
})

test('an answer goes where it was asked for', () => {
  const message = {
    topic: 'q',
    payload: '',
    qos: 1,
    retain: false,
    retain_flag: false,
    dup: false,
    packet_id: 1,
    properties: { responseTopic: 'a/7', correlationData: Buffer.of(1) },
  } as const
  expect(responseTo(message, 'yes')).toEqual({
    topic: 'a/7',
    payload: 'yes',
    qos: 1,
    retain: false,
    properties: { correlationData: Buffer.of(1) },
  })
  expect(() => responseTo({ ...message, properties: {} }, 'yes')).toThrow('no response topic')
})
