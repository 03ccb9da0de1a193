import { describe, expect, test } from 'vitest'
import { CLOSE, mayReconnect } from '../../src/hydrogen/close-codes.ts'
import {
  closeCodeOf,
  HYDROGEN_ERRORS,
  HydrogenError,
  type HydrogenErrorCode,
  wireError,
} from '../../src/hydrogen/errors.ts'

const codes = Object.keys(HYDROGEN_ERRORS) as HydrogenErrorCode[]

describe('close codes', () => {
  test.each([
    [2999, true],
    [3000, true],
    [3499, true],
    [3500, false],
    [3999, false],
    [4000, true],
    [4499, true],
    [4500, false],
    [4999, false],
    [5000, false],
    [1000, false],
    [1001, true],
    [1002, false],
    [1006, true],
    [1007, false],
    [1008, false],
    [1009, false],
    [1011, true],
    [1012, true],
    [1013, true],
  ])('after %i a client comes back: %s', (code, comes) => {
    expect(mayReconnect(code)).toBe(comes)
  })

  test('no two reasons share a number, and each fits into a close frame', () => {
    const all = Object.values(CLOSE)
    expect(new Set(all.map(({ code }) => code)).size).toBe(all.length)
    for (const { reason } of all) expect(Buffer.byteLength(reason)).toBeLessThanOrEqual(123)
  })

  test('the ones of the delivery contract', () => {
    expect(CLOSE).toMatchObject({
      replaced: { code: 4001 },
      slow: { code: 4008 },
      insufficientState: { code: 3010 },
    })
  })
})

describe('the table of errors', () => {
  test.each<[HydrogenErrorCode, unknown]>([
    ['key_invalid', 'auth_failed'],
    ['invalid_json', 'invalid_message'],
    ['server_error', 'server_error'],
    ['rate_limit_messages', 4291],
    ['rate_limit_bytes', 4292],
    ['timed_out', 'timed_out'],
  ])('%s is %s on the wire, as existing clients know it', (code, original) => {
    expect(wireError(code)).toMatchObject({ code: original, reason: code })
  })

  test('what may be retried never closes for good', () => {
    for (const code of codes) {
      const close = closeCodeOf(code)
      if (close === undefined || code === 'banned') continue
      if (HYDROGEN_ERRORS[code].retryable) expect(mayReconnect(close), code).toBe(true)
    }
    expect(closeCodeOf('slow')).toBe(4008)
    expect(closeCodeOf('too_deep')).toBe(undefined)
  })

  test('a thrown one has its row, and becomes the error of a response', () => {
    const error = new HydrogenError('rate_limit_messages', { retryAfter: 50, field: 'id', details: { a: 1 } })
    expect(error).toMatchObject({ category: 'connection', retryable: true, message: 'Too many messages' })
    expect(error.toWire()).toEqual({
      code: 4291,
      reason: 'rate_limit_messages',
      message: 'Too many messages',
      category: 'connection',
      retryable: true,
      field: 'id',
      retryAfter: 50,
      details: { a: 1 },
    })
  })
})
