/** Parts by themselves: offers, subprotocols, origins, credentials, targets, back-off, shared frames. */
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { allowsOrigin } from '@unisock/kernel/plugin'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import * as library from 'ws'
import { WebSocket, WebSocketServer } from 'ws'
import { mayReturn } from '../src/client/may-return.ts'
import { destinationOf } from '../src/client/target.ts'
import { isSendable } from '../src/connection/close-code.ts'
import { sharedFrame } from '../src/connection/shared-frame.ts'
import { buildFrame, isCompressed, sendBuiltFrame } from '../src/connection/ws-library.ts'
import { chooseOffer } from '../src/deflate/offers.ts'
import { toMessage } from '../src/owner/message.ts'
import { toWire } from '../src/owner/write.ts'
import { chooseSubprotocol } from '../src/server/subprotocols.ts'
import { BINARY, JSON_TEXT } from '../src/wire.ts'
import { frame as made } from './support/raw.ts'

const SETTINGS = { windowBits: 10, memLevel: 4, threshold: 1024, contextTakeover: false }
const NOTHING_KEPT = { serverNoContextTakeover: true, clientNoContextTakeover: true }

describe('an offer of permessage-deflate (RFC 7692)', () => {
  test.each<[string, object | undefined]>([
    ['permessage-deflate', { ...NOTHING_KEPT, serverMaxWindowBits: 10 }],
    [
      'permessage-deflate; client_max_window_bits',
      { ...NOTHING_KEPT, serverMaxWindowBits: 10, clientMaxWindowBits: 10 },
    ],
    [
      'permessage-deflate; client_max_window_bits=9; server_max_window_bits=15',
      { ...NOTHING_KEPT, serverMaxWindowBits: 10, clientMaxWindowBits: 9 },
    ],
    ['permessage-deflate; client_max_window_bits=8', { ...NOTHING_KEPT, serverMaxWindowBits: 10 }],
    ['permessage-deflate; server_max_window_bits=9', { ...NOTHING_KEPT, serverMaxWindowBits: 9 }],
    ['permessage-deflate; server_max_window_bits="12"', { ...NOTHING_KEPT, serverMaxWindowBits: 10 }],
    ['x-other, permessage-deflate; x=1, permessage-deflate', { ...NOTHING_KEPT, serverMaxWindowBits: 10 }],
    ['permessage-deflate; server_max_window_bits=8', undefined],
    ['permessage-deflate; server_max_window_bits', undefined],
    ['permessage-deflate; server_max_window_bits=16', undefined],
    ['permessage-deflate; server_max_window_bits=010', undefined],
    ['permessage-deflate; server_max_window_bits=10; server_max_window_bits=10', undefined],
    ['permessage-deflate; client_max_window_bits=7', undefined],
    ['permessage-deflate; server_no_context_takeover=1', undefined],
    ['permessage-deflate; client_no_context_takeover=x', undefined],
    ['permessage-deflate; unknown', undefined],
    ['x-webkit-deflate-frame', undefined],
  ])('%s', (header, options) => {
    expect(chooseOffer(header, SETTINGS)?.options).toEqual(options)
  })

  test('with context takeover the client still decides for both sides', () => {
    const kept = { ...SETTINGS, contextTakeover: true }
    const offer = (header: string) => chooseOffer(`permessage-deflate; ${header}`, kept)?.options
    expect(offer('client_max_window_bits')).toMatchObject({
      serverNoContextTakeover: false,
      clientNoContextTakeover: false,
    })
    expect(offer('server_no_context_takeover')).toMatchObject({ serverNoContextTakeover: true })
    expect(offer('client_no_context_takeover')).toMatchObject({ clientNoContextTakeover: true })
  })
})

test('a subprotocol is the first of the server that the client offers', () => {
  const name = fc.constantFrom('a', 'b', 'c', 'd')
  fc.assert(
    fc.property(fc.uniqueArray(name), fc.uniqueArray(name), (offered, accepted) => {
      const chosen = chooseSubprotocol(
        offered,
        accepted.map(name => ({ name })),
      )
      const first = accepted.find(name => offered.includes(name))
      if (first !== undefined) expect(chosen).toEqual({ name: first, none: false, json: true })
      else if (offered.length > 0) expect(chosen).toBeUndefined()
      else expect(chosen).toEqual({ name: '', none: true, json: false })
    }),
  )
  const token = 'unisock.auth.x'
  expect(chooseSubprotocol([token], undefined)).toEqual({ name: token, none: true, json: false })
  expect(chooseSubprotocol([token, 'a'], undefined)?.name).toBe('')
  expect(chooseSubprotocol([token, 'a'], [{ name: 'a' }])?.name).toBe('a')
  expect(chooseSubprotocol([token], [{ name: token }])?.name).toBe(token)
})

test('no origin but the own one passes by default, whatever it looks like', () => {
  expect(allowsOrigin(undefined, 'a.example', undefined)).toBe(true)
  expect(allowsOrigin('https://a.example', 'a.example', undefined)).toBe(true)
  expect(allowsOrigin('https://a.example', 'a.example:443', undefined)).toBe(true)
  expect(allowsOrigin('http://[::1]:8080', '[::1]:8080', undefined)).toBe(true)
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.webUrl(),
        fc.domain().map(d => `https://${d}`),
      ),
      origin => {
        const same =
          origin.toLowerCase() === 'https://a.example' || origin.toLowerCase() === 'http://a.example'
        expect(allowsOrigin(origin, 'a.example', undefined)).toBe(same)
      },
    ),
  )
})

test('where a client connects', () => {
  expect(destinationOf({ path: 'ws://a.example/x?y' }, false)).toEqual({
    target: { host: 'a.example', port: 80 },
    url: 'ws://a.example/x?y',
  })
  expect(destinationOf({ path: 'wss://[::1]:8443' }, true)).toEqual({
    target: { host: '::1', port: 8443 },
    url: 'wss://[::1]:8443/',
  })
  expect(destinationOf({ host: '::1', port: 81 }, false).url).toBe('ws://[::1]:81/')
  expect(destinationOf({ path: '/run/socket' }, true)).toEqual({
    target: { path: '/run/socket' },
    url: 'wss://localhost/',
  })
})

test('close codes: which may be sent, and after which a client comes back', () => {
  const all = Array.from({ length: 5100 }, (_, code) => code)
  const sendable = all.filter(isSendable)
  expect(sendable).toHaveLength(12 + 2000)
  expect(sendable.slice(0, 12)).toEqual([
    1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014,
  ])
  const back = all.filter(code => code >= 1000 && code < 5000 && mayReturn(code))
  expect(back.filter(code => code < 3000)).toEqual([1001, 1005, 1006, 1011, 1012, 1013, 1014])
  expect(back.filter(code => code >= 3000)).toHaveLength(1000)
  expect([3000, 3499, 4000, 4499].every(mayReturn)).toBe(true)
})

test('what is written as JSON is read as the same, and text that only looks like it stays text', () => {
  fc.assert(
    fc.property(fc.oneof(fc.array(fc.jsonValue()), fc.dictionary(fc.string(), fc.jsonValue())), data => {
      const wire = toWire({ data })
      expect(typeof wire).toBe('string')
      const message = toMessage([JSON_TEXT, 0, 'p', wire as string])
      expect(message.data).toEqual(JSON.parse(JSON.stringify(data)))
    }),
  )
  fc.assert(
    fc.property(fc.string(), text => {
      const { data } = toMessage([JSON_TEXT, 0, 'p', `{${text}`])
      expect(typeof data === 'string' ? data : 'parsed').toBe(
        typeof data === 'string' ? `{${text}` : 'parsed',
      )
    }),
  )
  const bytes = Buffer.from([1])
  const message = toMessage([BINARY, 1, '', bytes])
  expect(message.message_type === 'binary' && message.binary_data).toBe(bytes)
})

describe('what is used of the library below and not in its types', () => {
  test('frames are built as by hand', () => {
    expect(typeof (library as any).Sender.frame).toBe('function')
    for (const length of [0, 1, 125, 126, 65_535, 65_536]) {
      const payload = Buffer.alloc(length, 'x')
      expect(buildFrame(payload, 2)).toEqual(made(2, payload, { mask: null }))
      expect(buildFrame(payload, 1)).toEqual(made(1, payload, { mask: null }))
    }
  })

  test('a message is framed for its second receiver, and the frame shared from then on', () => {
    const message: [string, number] = ['text', 0]
    expect(sharedFrame(message, 'text', false)).toBeUndefined()
    const frame = sharedFrame(message, 'text', false)
    expect(frame).toEqual(made(1, 'text', { mask: null }))
    expect(sharedFrame(message, 'text', false)).toBe(frame)
    expect(sharedFrame(['text', 0], 'text', false)).toBeUndefined()
    expect(sharedFrame(message, 'text', false)).toBeUndefined()
  })

  test('a built frame waits for compressed messages; the bit of compression is read as it comes', async () => {
    const server = new WebSocketServer({ port: 0, perMessageDeflate: { threshold: 0 } })
    await once(server, 'listening')
    const client = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`)
    const [socket] = (await once(server, 'connection')) as [WebSocket]
    await once(client, 'open')
    const frame = buildFrame(Buffer.from('built'), 1)!
    const got: unknown[] = []
    const all = new Promise<void>(resolve =>
      client.on('message', data => {
        got.push([String(data), isCompressed(client)])
        if (got.length === 3) resolve()
      }),
    )
    expect(sendBuiltFrame(socket, frame)).toBe(true)
    socket.send('compressed '.repeat(100))
    expect(sendBuiltFrame(socket, frame)).toBe(false)
    socket.send('last', { compress: false })
    await all
    expect(got).toEqual([
      ['built', false],
      ['compressed '.repeat(100), true],
      ['last', false],
    ])
    client.terminate()
    await new Promise(resolve => server.close(resolve))
  })
})
