import fc from 'fast-check'
import { Unpackr } from 'msgpackr'
import { describe, expect, test } from 'vitest'
import { assertPlain } from '../src/link/plain.ts'
import { BatchReader } from '../src/link/reader.ts'
import { ATTACHMENT_BYTES, BatchWriter } from '../src/link/writer.ts'

const scalar = fc.oneof(
  fc.constant(null),
  fc.constant(undefined),
  fc.boolean(),
  fc.integer(),
  fc.maxSafeInteger(),
  fc.double({ noNaN: false }),
  fc.string({ unit: 'binary', maxLength: 200 }),
  fc.string({ maxLength: 40 }),
  fc.uint8Array({ maxLength: 300 }),
)
const value = fc.letrec(tie => ({
  any: fc.oneof({ depthSize: 'small' }, scalar, tie('list'), tie('record')),
  list: fc.array(tie('any'), { maxLength: 20 }),
  record: fc.dictionary(
    fc.string({ minLength: 1, maxLength: 10 }).filter(key => key !== '__proto__'),
    tie('any'),
    { maxKeys: 5, noNullPrototype: true },
  ),
})).any
const fd = fc.oneof(fc.nat(), fc.maxSafeInteger().map(Math.abs))
const frame = fc.record({
  op: fc.integer({ min: 1, max: 127 }),
  fd,
  fields: fc.array(value, { maxLength: 6 }),
})

/**
 * A lone surrogate has no UTF-8 and becomes U+FFFD, like everywhere in Node; minus zero loses its sign inside an object,
 * which msgpackr packs.
 */
function crossed(input: any, packed: unknown = false): any {
  if (typeof input === 'string') return input.toWellFormed()
  if (input instanceof Uint8Array) return Buffer.from(input)
  if (Array.isArray(input)) return input.map(item => crossed(item, packed))
  if (typeof input === 'object' && input !== null)
    return Object.fromEntries(
      Object.entries(input).map(([key, item]) => [key.toWellFormed(), crossed(item, true)]),
    )
  return packed === true && Object.is(input, -0) ? 0 : input
}

function write(writer: BatchWriter, op: number, fd: number, fields: unknown[]): number {
  return writer.frame(op, fd, fields.length, ...(fields as [unknown]))
}

describe('a batch', () => {
  test('reads back as it was written, frame by frame, with the sizes its writer counted', () => {
    fc.assert(
      fc.property(fc.array(frame, { minLength: 1, maxLength: 20 }), frames => {
        const writer = new BatchWriter()
        const sizes = frames.map(({ op, fd, fields }) => write(writer, op, fd, fields))
        const { batch, attachments } = writer.take()
        expect(batch.byteLength).toBe(batch.buffer.byteLength)
        const reader = new BatchReader(batch, attachments)
        for (const [i, { op, fd, fields }] of frames.entries()) {
          expect(reader.next()).toBe(true)
          expect([reader.op, reader.fd, reader.size]).toEqual([op, fd, sizes[i]])
          expect(reader.fields.slice(0, fields.length)).toEqual(crossed(fields))
        }
        expect(reader.next()).toBe(false)
      }),
    )
  })

  test('is plain msgpack that another reader takes', () => {
    fc.assert(
      fc.property(fc.array(scalar, { minLength: 1, maxLength: 5 }), fields => {
        const writer = new BatchWriter()
        write(writer, 7, 3, [fields])
        const read = new Unpackr({ useRecords: false }).unpack(Buffer.from(writer.take().batch))
        expect(read).toEqual([7, 3, crossed(fields)])
      }),
    )
  })

  test('carries large bytes beside it, copied', () => {
    const writer = new BatchWriter()
    const large = new Uint8Array(ATTACHMENT_BYTES).fill(1)
    const size = write(writer, 1, 1, [large, 'x'])
    large.fill(2)
    const { batch, attachments } = writer.take()
    expect(batch.byteLength).toBeLessThan(100)
    expect(size).toBe(batch.byteLength + ATTACHMENT_BYTES)
    const reader = new BatchReader(batch, attachments)
    reader.next()
    expect((reader.fields[0] as Buffer).every(byte => byte === 1)).toBe(true)
    expect(reader.size).toBe(size)
  })

  test('keeps nothing of a frame whose value was refused', () => {
    const writer = new BatchWriter()
    write(writer, 1, 1, ['before'])
    const length = writer.length
    const circle: unknown[] = []
    circle.push(circle)
    for (const bad of [() => {}, { a: new Int16Array(1) }, circle, Symbol('x'), 2n ** 70n, new Error('x')])
      expect(() => write(writer, 2, 2, [new Uint8Array(ATTACHMENT_BYTES), bad])).toThrow(
        /cannot cross|nested/,
      )
    expect(writer.length).toBe(length)
    write(writer, 3, 3, ['after'])
    const { batch, attachments } = writer.take()
    expect(attachments).toEqual([])
    const reader = new BatchReader(batch, attachments)
    reader.next()
    expect(reader.fields[0]).toBe('before')
    reader.next()
    expect(reader.fields[0]).toBe('after')
  })

  test('that is broken throws EPROTO and nothing else', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), bytes => {
        const reader = new BatchReader(bytes, [])
        try {
          while (reader.next());
        } catch (error) {
          expect(error).toMatchObject({ code: 'EPROTO' })
        }
      }),
      { numRuns: 2000 },
    )
  })

  test('that was cut or changed in one byte throws EPROTO or reads as frames', () => {
    fc.assert(
      fc.property(frame, fc.nat(), fc.nat(255), ({ op, fd, fields }, at, byte) => {
        const writer = new BatchWriter()
        write(writer, op, fd, fields)
        const { batch, attachments } = writer.take()
        batch[at % batch.length] = byte
        for (const bytes of [batch, batch.slice(0, at % batch.length)]) {
          const reader = new BatchReader(bytes, attachments)
          try {
            while (reader.next());
          } catch (error) {
            expect(error).toMatchObject({ code: 'EPROTO' })
          }
        }
      }),
      { numRuns: 1000 },
    )
  })
})

test('what may cross is named by path when it may not', () => {
  assertPlain({
    a: [new Date(), new Map([[1, { b: new Uint8Array(1) }]]), Object.create(null), 5n, undefined],
  })
  expect(() => assertPlain({ a: [1, { b: new Uint16Array(1) }] })).toThrow('value.a[1].b is a Uint16Array')
  expect(() => assertPlain(new Map([['k', () => {}]]))).toThrow('value.get(k) is a function')
})
