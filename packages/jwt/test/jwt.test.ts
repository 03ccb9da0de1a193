import { createHmac, generateKeyPairSync } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { createVerifier, isShortSecret, signJwt } from '../src/index.ts'

const secret = 'a secret that is as long as RFC 7518 asks for'
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const pem = {
  rsaPublic: rsa.publicKey.export({ type: 'spki', format: 'pem' }) as string,
  rsaPrivate: rsa.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
  ecPublic: ec.publicKey.export({ type: 'spki', format: 'pem' }) as string,
  ecPrivate: ec.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
}
const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
const now = () => Math.floor(Date.now() / 1000)

/** A token with any header, signed by HMAC with any bytes. */
function forge(header: object, claims: object, key: string | undefined): string {
  const input = `${part(header)}.${part(claims)}`
  return `${input}.${key === undefined ? '' : createHmac('sha256', key).update(input).digest('base64url')}`
}

describe('a token', () => {
  test.each([
    ['HS256', { secret }, { secret }],
    ['RS256', { privateKey: pem.rsaPrivate }, { publicKey: pem.rsaPublic }],
    ['ES256', { privateKey: pem.ecPrivate }, { publicKey: pem.ecPublic }],
  ])('signed with %s is valid and has its claims', async (algorithm, sign, config) => {
    const token = signJwt({ sub: 'ann', roles: ['admin'] }, { ...sign, expiresIn: 60 })
    expect(JSON.parse(Buffer.from(token.split('.')[0]!, 'base64url').toString()).alg).toBe(algorithm)
    const verdict = createVerifier(config)(token)
    expect(verdict).toMatchObject({ status: 'valid', claims: { sub: 'ann', roles: ['admin'] } })
  })

  test('signed with a plain secret string is valid under that string', async () => {
    const verify = createVerifier('secret_key')
    expect(verify(signJwt({ sub: 1 }, { secret: 'secret_key', expiresIn: 60 })).status).toBe('valid')
    expect(verify(signJwt({ sub: 1 }, { secret: 'another', expiresIn: 60 })).status).toBe('invalid')
  })

  test('without a signature is invalid, whatever alg says', async () => {
    const claims = { sub: 'ann', exp: now() + 60 }
    for (const config of [secret, { publicKey: pem.rsaPublic }]) {
      const verify = createVerifier(config)
      for (const alg of ['none', 'None', 'NONE', 'HS256'])
        expect(verify(forge({ alg, typ: 'JWT' }, claims, undefined)).status).toBe('invalid')
    }
  })

  test('signed by HMAC with the public key is invalid', async () => {
    const verify = createVerifier({ publicKey: pem.rsaPublic })
    expect(verify(forge({ alg: 'HS256' }, { sub: 'ann' }, pem.rsaPublic)).status).toBe('invalid')
    expect(verify(forge({ alg: 'RS256' }, { sub: 'ann' }, pem.rsaPublic)).status).toBe('invalid')
  })

  test('that has expired is expired, within the tolerance valid', async () => {
    const token = forge({ alg: 'HS256' }, { exp: now() - 5 }, secret)
    expect(createVerifier(secret)(token).status).toBe('expired')
    expect(createVerifier({ secret, clockTolerance: 60 })(token).status).toBe('valid')
  })

  test('that is not valid yet is invalid', async () => {
    const verify = createVerifier(secret)
    expect(verify(forge({ alg: 'HS256' }, { nbf: now() + 60 }, secret)).status).toBe('invalid')
  })

  test('must have the issuer and the audience that are configured', async () => {
    const verify = createVerifier({ secret, issuer: ['realm', 'town'], audience: 'players' })
    const status = (claims: object) => verify(forge({ alg: 'HS256' }, claims, secret)).status
    expect(status({ iss: 'town', aud: ['guests', 'players'] })).toBe('valid')
    expect(status({ iss: 'elsewhere', aud: 'players' })).toBe('invalid')
    expect(status({ iss: 'realm', aud: 'guests' })).toBe('invalid')
    expect(status({ iss: 'realm' })).toBe('invalid')
    expect(status({ aud: 'players' })).toBe('invalid')
  })

  test.each(['', 'x', 'a.b.c', `${part({ alg: 'HS256' })}.${part({})}.`, 'é.é.é'])(
    '%j is invalid',
    async token => {
      expect(createVerifier(secret)(token).status).toBe('invalid')
      const jwks = { keys: [{ ...rsa.publicKey.export({ format: 'jwk' }), kid: 'a' } as any] }
      expect(createVerifier({ jwks })(token).status).toBe('invalid')
    },
  )

  test('is checked with the key of its kid', async () => {
    const jwks = {
      keys: [
        { ...rsa.publicKey.export({ format: 'jwk' }), kid: 'rsa', use: 'sig' },
        { ...ec.publicKey.export({ format: 'jwk' }), kid: 'ec' },
        { kty: 'oct', k: Buffer.from(secret).toString('base64url'), kid: 'shared' },
        { ...ec.publicKey.export({ format: 'jwk' }), kid: 'crypt', use: 'enc' },
      ] as any[],
    }
    const verify = createVerifier({ jwks })
    const status = (keyId: string, key: object) =>
      verify(signJwt({}, { ...key, expiresIn: 60, keyId })).status
    expect(status('rsa', { privateKey: pem.rsaPrivate })).toBe('valid')
    expect(status('ec', { privateKey: pem.ecPrivate })).toBe('valid')
    expect(status('shared', { secret })).toBe('valid')
    expect(status('rsa', { privateKey: pem.ecPrivate })).toBe('invalid')
    expect(status('crypt', { privateKey: pem.ecPrivate })).toBe('invalid')
    expect(status('unknown', { privateKey: pem.rsaPrivate })).toBe('invalid')
    expect(verify(signJwt({}, { privateKey: pem.rsaPrivate, expiresIn: 60 })).status).toBe('invalid')
  })
})

describe('a configuration', () => {
  test.each([
    ['a public key as the secret', { secret: pem.rsaPublic }, 'publicKey'],
    [
      'an algorithm of another key type',
      { publicKey: pem.rsaPublic, algorithms: ['HS256' as const] },
      'RS256',
    ],
    ['ES256 with an RSA key', { publicKey: pem.rsaPublic, algorithms: ['ES256' as const] }, 'RS256'],
    ['RS256 with a secret', { secret, algorithms: ['RS256' as const] }, 'HS256'],
    ['text that is no key', { publicKey: 'nonsense' }, 'PEM'],
    ['a key for encryption alone', { jwks: { keys: [{ kty: 'oct', k: 'AA', use: 'enc' }] } }, 'no key'],
  ])('with %s is refused', async (_what, config, reason) => {
    expect(() => createVerifier(config)).toThrow(reason)
  })

  test('with a curve other than P-256 is refused', async () => {
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-384' })
    const config = { publicKey: publicKey.export({ type: 'spki', format: 'pem' }) as string }
    expect(() => createVerifier(config)).toThrow('P-256')
  })

  test('with a secret shorter than 32 bytes is told apart', () => {
    expect(isShortSecret('secret_key')).toBe(true)
    expect(isShortSecret({ secret })).toBe(false)
    expect(isShortSecret({ publicKey: pem.rsaPublic })).toBe(false)
  })
})

test.each([
  [{ expiresIn: 60 }, 'either secret or privateKey'],
  [{ secret, privateKey: pem.rsaPrivate, expiresIn: 60 }, 'either secret or privateKey'],
  [{ secret, expiresIn: 0 }, 'expiresIn'],
  [{ secret, expiresIn: Number.NaN }, 'expiresIn'],
  [{ secret, algorithm: 'RS256' as const, expiresIn: 60 }, 'privateKey'],
  [{ privateKey: pem.ecPrivate, algorithm: 'RS256' as const, expiresIn: 60 }, 'signJwt'],
  [{ secret: pem.rsaPrivate, expiresIn: 60 }, 'privateKey'],
])('signJwt refuses %j', (options, reason) => {
  expect(() => signJwt({ sub: 1 }, options)).toThrow(reason)
})
