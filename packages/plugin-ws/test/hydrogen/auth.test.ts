import { describe, expect, test } from 'vitest'
import { KeyRing } from '../../src/auth/keys.ts'
import { Permissions } from '../../src/hydrogen/auth/permissions.ts'
import { SignatureVerifier, sign } from '../../src/hydrogen/auth/signature.ts'
import { parseEnvelope } from '../../src/hydrogen/envelope/index.ts'

describe('keys', () => {
  test('an empty ring opens for nobody: there is no default key', () => {
    const ring = new KeyRing<object>()
    for (const key of ['', 'abc', 'undefined']) expect(ring.find(key)).toBe(undefined)
    expect(() => ring.add('', { user: 'x', permissions: [] })).toThrow(RangeError)
  })

  test('a key stands for its identity until it is taken back', () => {
    const ring = new KeyRing<object>()
    const identity = { user: 'ann', permissions: ['*'] }
    const remove = ring.add('secret', identity)
    ring.add('other', { user: 'bob', permissions: [] })
    expect(ring.find('secret')).toBe(identity)
    expect(ring.find('secre')).toBe(undefined)
    expect(ring.find('secret ')).toBe(undefined)
    remove()
    expect(ring.find('secret')).toBe(undefined)
    expect(ring.size).toBe(1)
  })
})

describe('permissions', () => {
  test.each<[string[], string, string, boolean]>([
    [[], 'print', 'start', false],
    [['*'], 'print', 'start', true],
    [['*:*'], 'print', 'start', true],
    [['print:*'], 'print', 'start', true],
    [['print:*'], 'file', 'start', false],
    [['*:status'], 'print', 'status', true],
    [['*:status'], 'print', 'start', false],
    [['print:start', 'print:stop'], 'print', 'stop', true],
    [['print:start'], 'print', 'stop', false],
    [['print:start'], 'toString', 'constructor', false],
  ])('%j on %s:%s is %s', (patterns, channel, action, allowed) => {
    expect(new Permissions(patterns).allows(channel, action)).toBe(allowed)
  })

  test.each(['', 'print', ':start', 'print:', 'pri*:start', 'print:sta*', 'a:b:c', '**'])(
    '%j is no pattern',
    pattern => {
      expect(() => new Permissions([pattern])).toThrow(RangeError)
    },
  )
})

describe('signatures', () => {
  const time = Date.parse('2026-01-01T00:00:00.000Z')
  const parts = {
    id: 'c1',
    timestamp: '2026-01-01T00:00:00.000Z',
    channel: 'print',
    action: 'start',
    data: '{"file":"a"}',
  }
  let now = time
  const verifier = (options = {}) => new SignatureVerifier({ window: 1000, wallClock: () => now, ...options })

  test('a signature is good once', () => {
    now = time
    const signatures = verifier()
    const signature = sign('secret', parts)
    expect(signatures.verify('secret', parts, signature)).toBe(undefined)
    expect(signatures.verify('secret', parts, signature)).toBe('signature_replayed')
    expect(signatures.verify('secret', parts, signature.toUpperCase())).toBe('signature_replayed')
    expect(signatures.verify('secret', parts, undefined)).toBe('signature_missing')
  })

  test('any part that was changed is found', () => {
    now = time
    const signature = sign('secret', parts)
    for (const name of Object.keys(parts) as (keyof typeof parts)[]) {
      const changed = { ...parts, [name]: `${parts[name]}0` }
      expect(verifier().verify('secret', changed, signature), name).toBe('signature_invalid')
    }
    expect(verifier().verify('other', parts, signature)).toBe('signature_invalid')
    for (const wrong of ['', 'x', 'z'.repeat(64), signature.slice(1), `${signature}0`])
      expect(verifier().verify('secret', parts, wrong), wrong).toBe('signature_invalid')
  })

  test('no name can be moved into the next', () => {
    expect(sign('s', { ...parts, channel: 'ab', action: 'c' })).not.toBe(
      sign('s', { ...parts, channel: 'a', action: 'bc' }),
    )
  })

  test('it is over the text of data as it was sent, whatever its spaces and its order', () => {
    now = time
    const data = '{ "b": 1.0, "a": 2 }'
    const signature = sign('secret', { ...parts, data })
    const text = `{"type":"command","id":"c1","timestamp":"${parts.timestamp}","data": ${data} ,"channel":"print","action":"start"}`
    const dataText = parseEnvelope(text).dataText!
    expect(verifier().verify('secret', { ...parts, data: dataText }, signature)).toBe(undefined)
  })

  test.each([
    [-1001, 'signature_stale'],
    [-1000, undefined],
    [1000, undefined],
    [1001, 'signature_stale'],
  ])('a clock that is %i ms off: %s', (offset, fault) => {
    now = time + offset
    expect(verifier().verify('secret', parts, sign('secret', parts))).toBe(fault)
  })

  test('a timestamp that is no time is stale', () => {
    now = time
    const odd = { ...parts, timestamp: '2026-99-99T00:00:00Z' }
    expect(verifier().verify('secret', odd, sign('secret', odd))).toBe('signature_stale')
  })

  test('one from the future is remembered until it is stale', () => {
    now = time - 1000
    const signatures = verifier()
    const signature = sign('secret', parts)
    expect(signatures.verify('secret', parts, signature)).toBe(undefined)
    for (now = time - 999; now <= time + 1000; now += 333)
      expect(signatures.verify('secret', parts, signature)).toBe('signature_replayed')
    now = time + 1000
    expect(signatures.verify('secret', parts, signature)).toBe('signature_replayed')
    now = time + 1001
    expect(signatures.verify('secret', parts, signature)).toBe('signature_stale')
  })

  test('a flood fills the memory and is refused; it pushes none out', () => {
    now = time
    const signatures = verifier({ max: 10 })
    const faults = Array.from({ length: 12 }, (_, i) => {
      const mine = { ...parts, id: `c${i}` }
      return signatures.verify('secret', mine, sign('secret', mine))
    })
    expect(faults.filter(fault => fault === 'busy')).toHaveLength(2)
    expect(signatures.remembered).toBe(10)
    expect(signatures.verify('secret', { ...parts, id: 'c0' }, sign('secret', { ...parts, id: 'c0' }))).toBe(
      'signature_replayed',
    )
    now = time + 2001
    const later = { ...parts, timestamp: new Date(now).toISOString() }
    expect(signatures.verify('secret', later, sign('secret', later))).toBe(undefined)
  })
})
