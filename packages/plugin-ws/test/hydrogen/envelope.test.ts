import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  DEFAULT_ENVELOPE_LIMITS,
  ENVELOPE_SCHEMA,
  encodeFailure,
  encodeResponse,
  parseEnvelope,
} from '../../src/hydrogen/envelope/index.ts'
import { wireError } from '../../src/hydrogen/errors.ts'
import { encodeAck, encodeCommand, encodeEvent } from './support/messages.ts'
import { matchesSchema } from './support/schema.ts'

const command = { type: 'command', id: 'c1', channel: 'print', action: 'start' }
const parse = (message: unknown, limits = {}) =>
  parseEnvelope(typeof message === 'string' ? message : JSON.stringify(message), {
    ...DEFAULT_ENVELOPE_LIMITS,
    ...limits,
  })

describe('parseEnvelope', () => {
  test('reads the message of the documentation', () => {
    const message = {
      ...command,
      timestamp: '2025-02-26T18:45:00.000Z',
      data: { file: 'a.gcode' },
      auth: { token: 't', signature: 's' },
    }
    expect(parse(message)).toEqual({ envelope: message, dataText: '{"file":"a.gcode"}' })
  })

  test.each<[string, unknown, string, string?]>([
    ['no JSON', '{"type":', 'invalid_json'],
    ['an open string', '{"type":"command', 'invalid_json'],
    ['a raw control character', '{"type":"com\u0001mand"}', 'invalid_json'],
    ['nothing', '', 'invalid_json'],
    ['an array', '[]', 'not_an_object'],
    ['null', 'null', 'not_an_object'],
    ['a number', '1', 'not_an_object'],
    ['no type', {}, 'missing_field', 'type'],
    ['a type that is a number', { type: 1 }, 'mistyped_field', 'type'],
    ['an unknown type', { type: 'query' }, 'bad_value', 'type'],
    ["a type of Object's", { type: 'toString' }, 'bad_value', 'type'],
    ['no id', { ...command, id: undefined }, 'missing_field', 'id'],
    ['an id that is a number', { ...command, id: 7 }, 'mistyped_field', 'id'],
    ['an empty id', { ...command, id: '' }, 'bad_value', 'id'],
    ['a long id', { ...command, id: 'x'.repeat(129) }, 'too_long', 'id'],
    ['an id with a line break', { ...command, id: 'a\nb' }, 'control_character', 'id'],
    ['an id with DEL', { ...command, id: 'a\u007fb' }, 'control_character', 'id'],
    ['an id with a line separator', { ...command, id: 'a\u2028b' }, 'control_character', 'id'],
    ['no channel', { ...command, channel: undefined }, 'missing_field', 'channel'],
    ['a channel with NUL', { ...command, channel: 'a\u0000' }, 'control_character', 'channel'],
    ['no action', { ...command, action: undefined }, 'missing_field', 'action'],
    ['an action that is an object', { ...command, action: {} }, 'mistyped_field', 'action'],
    ['a timestamp that is a number', { ...command, timestamp: 1 }, 'mistyped_field', 'timestamp'],
    ['a timestamp that is no time', { ...command, timestamp: 'yesterday' }, 'bad_value', 'timestamp'],
    ['auth that is a string', { ...command, auth: 'key' }, 'mistyped_field', 'auth'],
    ['a token that is a number', { ...command, auth: { token: 1 } }, 'mistyped_field', 'auth'],
    ['cseq 0', { ...command, cseq: 0 }, 'bad_value', 'cseq'],
    ['cseq 1.5', { ...command, cseq: 1.5 }, 'bad_value', 'cseq'],
    ['cseq beyond what is exact', { ...command, cseq: 2 ** 53 }, 'bad_value', 'cseq'],
    ['an ack of nothing', { type: 'ack' }, 'missing_field', 'id'],
    ['an ack in two ways', { type: 'ack', id: 'a', upto: 1 }, 'bad_value', 'id'],
    ['an ack of no ids', { type: 'ack', ids: [] }, 'bad_value', 'ids'],
    ['an ack of ids that are numbers', { type: 'ack', ids: ['a', 1] }, 'mistyped_field', 'ids'],
    ['an ack of an unknown kind', { type: 'ack', id: 'a', kind: 'maybe' }, 'bad_value', 'kind'],
    ['an ack of attempt 0', { type: 'ack', id: 'a', attempt: 0 }, 'bad_value', 'attempt'],
    ['an ack up to -1', { type: 'ack', upto: -1 }, 'bad_value', 'upto'],
    ['a delay of two days', { type: 'ack', id: 'a', kind: 'nak', delay: 172_800_000 }, 'bad_value', 'delay'],
  ])('refuses %s', (_title, message, code, field) => {
    const { error } = parse(message)
    expect(error).toMatchObject({ code })
    expect(error!.field).toBe(field)
  })

  test('an error names the id of the message, so that it can be answered, unless the id is at fault', () => {
    expect(parse({ ...command, channel: 1 }).error).toMatchObject({ field: 'channel', id: 'c1' })
    expect(parse({ ...command, id: 'a\n' }).error).toEqual({ code: 'control_character', field: 'id' })
  })

  test.each([
    '{"type":"command","__proto__":{}}',
    '{"type":"command","data":{"a":[{"constructor":1}]}}',
    '{"data":{"prototype" : 1}}',
    '{"data":{"\\u005f_proto__":1}}',
    '{"data":{"\\u0063onstructor":1}}',
  ])('refuses the key of %s', text => {
    expect(parse(text).error).toEqual({ code: 'bad_key' })
  })

  test('lets those names through as values, and as parts of keys', () => {
    expect(
      parse({ ...command, data: { a: '__proto__', my__proto__: ['constructor:', '"prototype":'] } }).error,
    ).toBe(undefined)
  })

  test('limits bytes, not characters', () => {
    const text = JSON.stringify({ ...command, data: '\u2603'.repeat(100) })
    const bytes = Buffer.byteLength(text)
    expect(parse(text, { maxBytes: bytes }).error).toBe(undefined)
    expect(parse(text, { maxBytes: bytes - 1 }).error).toEqual({ code: 'too_long' })
  })

  test('limits depth before anything is built: a megabyte of brackets is refused at the first one too many', () => {
    expect(parse('['.repeat(1 << 20), { maxBytes: 1 << 21 }).error).toEqual({ code: 'too_deep' })
    expect(parse({ ...command, data: [[1]] }, { maxDepth: 3 }).error).toBe(undefined)
    expect(parse({ ...command, data: [[1]] }, { maxDepth: 2 }).error).toEqual({ code: 'too_deep' })
    expect(parse({ ...command, data: '[[[[{{{{' }, { maxDepth: 1 }).error).toBe(undefined)
  })

  test('limits keys over all objects', () => {
    expect(parse({ ...command, data: { a: 1, b: { c: ':' } } }, { maxKeys: 8 }).error).toBe(undefined)
    expect(parse({ ...command, data: { a: 1, b: { c: ':' } } }, { maxKeys: 7 }).error).toEqual({
      code: 'too_many_keys',
    })
  })

  test('gives the text of data as it was sent', () => {
    const dataOf = (data: string) =>
      parse(`{"type":"command","id":"1",${data}"channel":"a","action":"b"}`).dataText
    expect(dataOf('"data" : { "b":1,  "a":[1,{"data":2}] } ,')).toBe('{ "b":1,  "a":[1,{"data":2}] }')
    expect(dataOf('"d\\u0061ta":1.50,')).toBe('1.50')
    expect(dataOf('"other":{"data":1},')).toBe('')
    expect(dataOf('"data":1,"data":"}",')).toBe('"}"')
  })

  test('what it says of depth, keys and data is what JSON.parse finds', () => {
    const depthOf = (value: unknown): number =>
      typeof value === 'object' && value !== null ? 1 + Math.max(0, ...Object.values(value).map(depthOf)) : 0
    const keysOf = (value: unknown): number => {
      if (typeof value !== 'object' || value === null) return 0
      const inner = Object.values(value).reduce((sum: number, one) => sum + keysOf(one), 0)
      return inner + (Array.isArray(value) ? 0 : Object.keys(value).length)
    }
    fc.assert(
      fc.property(fc.json({ maxDepth: 6 }), fc.constantFrom('', ' ', '\n\t'), (json, space) => {
        const text = `{"type":"command","id":"1",${space}"data"${space}:${space}${json}${space},"channel":"a","action":"b"}`
        const value = JSON.parse(json)
        const limits = { maxDepth: 1 + depthOf(value), maxKeys: 5 + keysOf(value) }
        if (/"(__proto__|prototype|constructor)"/.test(JSON.stringify(value))) return
        const parsed = parse(text, limits)
        expect(parsed.error).toBe(undefined)
        expect(parsed.dataText).toBe(json.trim())
        expect(parse(text, { ...limits, maxDepth: limits.maxDepth - 1 }).error).toEqual({ code: 'too_deep' })
        expect(parse(text, { ...limits, maxKeys: limits.maxKeys - 1 }).error).toEqual({
          code: 'too_many_keys',
        })
      }),
    )
  })

  test('never throws, whatever the text', () => {
    const soup = fc.string({
      unit: fc.constantFrom(
        '{',
        '}',
        '[',
        ']',
        '"',
        ':',
        ',',
        '\\',
        '__proto__',
        'data',
        'type',
        'ack',
        '1',
        ' ',
      ),
      maxLength: 40,
    })
    fc.assert(
      fc.property(fc.oneof(soup, fc.string(), fc.json()), text => {
        const parsed = parseEnvelope(text)
        expect((parsed.error === undefined) !== (parsed.envelope === undefined)).toBe(true)
      }),
      { numRuns: 1000 },
    )
  })
})

describe('the schema', () => {
  const odd = fc.oneof(
    fc.constantFrom(
      '',
      'a',
      'a\nb',
      'x'.repeat(128),
      'x'.repeat(129),
      '2025-02-26T18:45:00.000Z',
      'nak',
      'ack',
    ),
    fc.constantFrom(
      0,
      1,
      3,
      4,
      -1,
      1.5,
      2 ** 53,
      true,
      null,
      [],
      ['a'],
      ['a', 1],
      {},
      { token: 1 },
      { token: 'a' },
    ),
    fc.constantFrom({ from: 1, to: 2 }, { from: 0, to: 2 }, { to: 2 }),
  )
  const good: Record<string, unknown> = {
    id: 'i',
    channel: 'c',
    action: 'a',
    re: null,
    ok: true,
    timestamp: '2025-02-26T18:45:00.000Z',
    auth: { token: 'a' },
    cseq: 1,
    error: {},
    topic: 't',
    offset: 1,
    prev: 0,
    epoch: 'e',
    gap: { from: 1, to: 2 },
    ack: true,
    seq: 1,
    attempt: 1,
    prio: 3,
    kind: 'nak',
    delay: 5,
  }
  const mostly = (value: unknown) => fc.oneof({ weight: 30, arbitrary: fc.constant(value) }, odd)
  const message = fc
    .record(
      {
        type: mostly('command'),
        ...Object.fromEntries(Object.entries(good).map(([name, value]) => [name, mostly(value)])),
        ids: odd,
        upto: odd,
      },
      { requiredKeys: [] },
    )
    .chain(value =>
      fc
        .constantFrom('command', 'event', 'response', 'ack')
        .map(type => ({ ...good, ...value, ...(value.type === 'command' && { type }) })),
    )

  test('says of any timestamp what the parser says', () => {
    const good = fc
      .tuple(
        fc.date({ noInvalidDate: true, min: new Date(0), max: new Date(8e12) }),
        fc.constantFrom('Z', '+01:30', '-10:00'),
        fc.nat(9),
      )
      .map(
        ([date, zone, digits]) =>
          `${date.toISOString().slice(0, 19)}${digits ? `.${'123456789'.slice(0, digits)}` : ''}${zone}`,
      )
    const changed = fc
      .tuple(good, fc.nat(35), fc.constantFrom('', '0', 'Z', '.', '-', ':', 'T', ' ', '\n', '00'))
      .map(([text, at, char]) => text.slice(0, at) + char + text.slice(at + 1))
    let taken = 0
    fc.assert(
      fc.property(fc.oneof(good, changed), timestamp => {
        const value = { ...command, timestamp }
        const accepted = parse(value).error === undefined
        if (accepted) taken++
        expect(matchesSchema(ENVELOPE_SCHEMA, value), timestamp).toBe(accepted)
      }),
      { numRuns: 2000 },
    )
    expect(taken).toBeGreaterThan(500)
  })

  test('says of any message what the parser says', () => {
    let taken = 0
    fc.assert(
      fc.property(message, value => {
        const parsed = parse(value)
        if (parsed.error === undefined) taken++
        expect(matchesSchema(ENVELOPE_SCHEMA, JSON.parse(JSON.stringify(value)))).toBe(
          parsed.error === undefined,
        )
      }),
      { numRuns: 5000 },
    )
    expect(taken).toBeGreaterThan(500)
  })
})

describe('encoding', () => {
  const parts = {
    id: 'e1',
    timestamp: '2026-01-01T00:00:00.000Z',
    channel: 'system',
    action: 'status_update',
  }

  test('what is written is read', () => {
    const event = encodeEvent({
      ...parts,
      data: { a: 1 },
      topic: 'system',
      offset: 7,
      epoch: 'x',
      ack: true,
      prio: 1,
    })
    expect(parse(event.plain).envelope).toEqual({
      ...parts,
      type: 'event',
      data: { a: 1 },
      topic: 'system',
      offset: 7,
      epoch: 'x',
      ack: true,
      prio: 1,
    })
    expect(
      parse(event.withParts({ seq: 3, attempt: 2, prev: 4, gap: { from: 5, to: 6 } })).envelope,
    ).toMatchObject({
      offset: 7,
      seq: 3,
      attempt: 2,
      prev: 4,
      gap: { from: 5, to: 6 },
    })
    expect(parse(event.withParts({})).envelope).toEqual(parse(event.plain).envelope)
    expect(parse(encodeResponse({ ...parts, re: 'c1', cseq: 2 }, [1])).envelope).toMatchObject({
      ok: true,
      data: [1],
    })
    expect(parse(encodeFailure({ ...parts, re: null }, wireError('too_deep'))).envelope).toMatchObject({
      re: null,
      ok: false,
      error: { code: 'invalid_message', reason: 'too_deep', retryable: false },
    })
    expect(parse(encodeAck({ id: 'e1', attempt: 2, kind: 'nak', delay: 5 })).envelope).toBeDefined()
    expect(parse(encodeCommand({ id: '1', channel: 'a', action: 'b', cseq: 1 })).envelope).toBeDefined()
  })

  test('an event without a topic has no position, whatever its data ends in', () => {
    const event = encodeEvent({ ...parts, data: ['x', '"offset":5'] })
    const read = parse(event.plain).envelope
    expect(read).not.toHaveProperty('offset')
    expect(read).toMatchObject({ data: ['x', '"offset":5'] })
  })

  test('all receivers without parts of their own get the same string', () => {
    const event = encodeEvent(parts)
    expect(event.plain).toBe(event.plain)
    expect(event.bytes).toBe(Buffer.byteLength(event.plain))
  })

  test('data of any kind survives', () => {
    fc.assert(
      fc.property(fc.jsonValue(), data => {
        const { plain, bytes } = encodeEvent({ ...parts, data })
        expect(JSON.parse(plain)).toEqual(JSON.parse(JSON.stringify({ type: 'event', ...parts, data })))
        expect(bytes).toBe(Buffer.byteLength(plain))
      }),
    )
  })
})
