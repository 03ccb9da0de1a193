/** The configuration file: read as it stands, and what a server makes of it. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { SO_IPV6ONLY, SO_MAX_CONNECTIONS, TLS_CERTIFICATE, TLS_PRIVATE_KEY } from '@unisock/kernel/plugin'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { scratchFolder } from '../../../../test/support/workspace.ts'
import { applyConfig } from '../../src/hydrogen/config/apply.ts'
import { DEFAULT_CONFIG, type HydrogenConfig, readConfig } from '../../src/hydrogen/config/index.ts'
import { HYDROGEN_CONFIG } from '../../src/hydrogen/options/index.ts'

/** As Hydrogen's own manual has it. */
const FILE = `{
  "WebSocketServer": {
    "Enabled": true,
    "Port": 8080,
    "Interface": "0.0.0.0",
    "EnableIPv6": true,
    "SecureMode": "tls",  // "none", "tls"
    "CertificatePath": "/etc/hydrogen/cert.pem",
    "KeyPath": "/etc/hydrogen/key.pem",
    "AuthRequired": true,
    "IdleTimeout": 300,
    "MaxConnections": 100,
    "ThreadPoolSize": 4
  }
}
`

const READ: HydrogenConfig = {
  Enabled: true,
  Port: 8080,
  Interface: '0.0.0.0',
  EnableIPv6: true,
  SecureMode: 'tls',
  CertificatePath: '/etc/hydrogen/cert.pem',
  KeyPath: '/etc/hydrogen/key.pem',
  AuthRequired: true,
  IdleTimeout: 300,
  MaxConnections: 100,
  ThreadPoolSize: 4,
}

const read = (section: Record<string, unknown>, environment = {}): HydrogenConfig =>
  readConfig({ WebSocketServer: section }, environment)

/** How a file refers to the environment. */
const env = (name: string): string => `\${env.${name}}`

describe('reading', () => {
  test('the text of the file, its path and what is in it say the same', async () => {
    await using folder = await scratchFolder('config')
    const path = join(folder.path, 'hydrogen.json')
    await writeFile(path, FILE)
    for (const source of [FILE, path, { WebSocketServer: READ }]) expect(readConfig(source)).toEqual(READ)
  })

  test('what is left out, or null, is the default; other sections are let be', () => {
    expect(
      readConfig('/* nothing */ { "Logging": { "a": 1 }, "WebSocketServer": { "Port": null } }'),
    ).toEqual(DEFAULT_CONFIG)
  })

  test('a certificate means TLS', () => {
    expect(read({ CertificatePath: 'c', KeyPath: 'k' }).SecureMode).toBe('tls')
    expect(read({ CertificatePath: 'c', SecureMode: 'none' }).SecureMode).toBe('none')
  })

  test('what comes back from a reading reads the same', () => {
    fc.assert(
      fc.property(
        fc.record(
          { Port: fc.nat(65_535), Enabled: fc.boolean(), MaxConnections: fc.nat(1000) },
          { requiredKeys: [] },
        ),
        section => {
          const config = read(section)
          expect(read({ ...config })).toEqual(config)
          expect(readConfig(JSON.stringify({ WebSocketServer: config }))).toEqual(config)
        },
      ),
    )
  })

  test.each<[string, unknown, string]>([
    [
      'a key that does not exist',
      '{\n "WebSocketServer": {\n  "Port": 1,\n  "Protocol": "x" } }',
      'WebSocketServer.Protocol, line 4: no such key; there are Enabled, Port',
    ],
    [
      'a key twice',
      '{ "WebSocketServer": {\n"Port": 1,\n"Port": 2 } }',
      'WebSocketServer.Port, line 3: stands there twice',
    ],
    [
      'a value of another type',
      '{ "WebSocketServer": {\n"Port": "80" } }',
      'WebSocketServer.Port, line 2: must be an integer from 0 to 65535, got "80"',
    ],
    [
      'a port out of range',
      { WebSocketServer: { Port: 65_536 } },
      'WebSocketServer.Port: must be an integer from 0 to 65535, got 65536',
    ],
    [
      'another mode',
      { WebSocketServer: { SecureMode: 'ssl' } },
      `WebSocketServer.SecureMode: must be 'none' or 'tls', got "ssl"`,
    ],
    [
      'no threads',
      { WebSocketServer: { ThreadPoolSize: 0 } },
      'WebSocketServer.ThreadPoolSize: must be an integer from 1',
    ],
    ['text that is no JSON', '{\n "WebSocketServer": {\n "Port" 80 } }', 'line 3: ColonExpected'],
    ['a comment without end', '{ "WebSocketServer": {} } /*', 'line 1: UnexpectedEndOfComment'],
    ['two values', '{ "WebSocketServer": {} } {}', 'line 1: EndOfFileExpected'],
    ['no section', '{ "WebsocketServer": {} }', 'WebSocketServer is missing'],
    ['a section that is a list', { WebSocketServer: [] }, 'WebSocketServer is missing, or is no object'],
    ['no file', '/nowhere/hydrogen.json', 'the file cannot be read: ENOENT'],
    [
      'a certificate alone',
      { WebSocketServer: { CertificatePath: 'c' } },
      "WebSocketServer.KeyPath: is missing, which SecureMode 'tls' needs",
    ],
    [
      'TLS with nothing',
      { WebSocketServer: { SecureMode: 'tls' } },
      'WebSocketServer.CertificatePath: is missing',
    ],
    [
      'IPv6 that is ruled out',
      { WebSocketServer: { Interface: '::1', EnableIPv6: false } },
      'WebSocketServer.Interface: ::1 is an address of IPv6',
    ],
  ])('%s is refused', (_what, source, message) => {
    expect(() => readConfig(source as never, {})).toThrow(message)
  })

  test('an error in a file names it', async () => {
    await using folder = await scratchFolder('config')
    const path = join(folder.path, 'hydrogen.json')
    await writeFile(path, '{ "WebSocketServer": {\n"Porr": 1 } }')
    expect(() => readConfig(path)).toThrow(`${path}: WebSocketServer.Porr, line 2: no such key`)
  })
})

describe('values of the environment', () => {
  test.each<[key: string, text: string, value: unknown]>([
    ['Port', '9000', 9000],
    ['Enabled', 'FALSE', false],
    ['AuthRequired', 'true', true],
    ['Interface', '10.0.0.1', '10.0.0.1'],
    ['Interface', '1', '1'],
    ['SecureMode', 'none', 'none'],
  ])('%s is %s', (key, text, value) => {
    expect(read({ [key]: env('HYDROGEN_VALUE') }, { HYDROGEN_VALUE: text })).toMatchObject({ [key]: value })
    const file = `{ "WebSocketServer": { "${key}": "${env('HYDROGEN_VALUE')}" } }`
    expect(readConfig(file, { HYDROGEN_VALUE: text })).toMatchObject({ [key]: value })
  })

  test.each([{}, { NAME: '' }])(
    'a variable that is not there, or empty, leaves the default: %j',
    environment => {
      expect(read({ Port: env('NAME'), AuthRequired: env('NAME') }, environment)).toEqual(DEFAULT_CONFIG)
    },
  )

  test.each([
    ['Port', 'eighty', 'WebSocketServer.Port: must be an integer from 0 to 65535, got "eighty" of NAME'],
    ['Port', ' ', 'got " " of NAME'],
    ['Enabled', 'yes', 'WebSocketServer.Enabled: must be true or false, got "yes" of NAME'],
  ])('%s is not %s', (key, text, message) => {
    expect(() => read({ [key]: env('NAME') }, { NAME: text })).toThrow(message)
  })

  test.each([
    `x${env('NAME')}`,
    `${env('NAME')}x`,
    env('NAME').slice(0, -1),
    env('NAME').replace('env.', ''),
    '$NAME',
  ])('%s stays as it is', text => {
    expect(read({ Interface: text }, { NAME: 'value' }).Interface).toBe(text)
  })
})

describe('applying', () => {
  test('all eleven keys reach the server', () => {
    expect(applyConfig(READ)).toEqual({
      mode: 32,
      options: [
        [HYDROGEN_CONFIG, { WebSocketServer: READ }],
        [SO_MAX_CONNECTIONS, 100],
        [SO_IPV6ONLY, false],
        [TLS_CERTIFICATE, '/etc/hydrogen/cert.pem'],
        [TLS_PRIVATE_KEY, '/etc/hydrogen/key.pem'],
      ],
      bind: { host: '::', port: 8080 },
      notices: ['ThreadPoolSize is 4: a server has one worker, and goes on with that'],
    })
  })

  test('a plain server on one address', () => {
    const config = read({ Port: 0, MaxConnections: 0 })
    expect(applyConfig(config)).toEqual({
      mode: 30,
      options: [
        [HYDROGEN_CONFIG, { WebSocketServer: config }],
        [SO_MAX_CONNECTIONS, 0],
      ],
      bind: { host: '127.0.0.1', port: 0 },
      notices: [],
    })
  })

  test.each([
    ['0.0.0.0', true, '::'],
    ['0.0.0.0', false, '0.0.0.0'],
    ['::', true, '::'],
    ['10.0.0.1', true, '10.0.0.1'],
    ['localhost', false, 'localhost'],
  ])('Interface %s with EnableIPv6 %s listens on %s', (Interface, EnableIPv6, host) => {
    expect(applyConfig(read({ Interface, EnableIPv6 })).bind.host).toBe(host)
  })
})
