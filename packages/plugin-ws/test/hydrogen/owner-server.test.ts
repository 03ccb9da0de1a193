/** Servers made from their configuration, and what the types of it all infer. */
import type { Kernel } from '@unisock/kernel'
import { SO_MAX_CONNECTIONS, TLS_CERTIFICATE } from '@unisock/kernel/plugin'
import { afterAll, beforeAll, describe, expect, expectTypeOf, test } from 'vitest'
import {
  HYDROGEN_CONFIG,
  HYDROGEN_HANDLERS,
  HYDROGEN_KEYS,
  HYDROGEN_LIMITS,
  HYDROGEN_TOPICS,
} from '../../src/hydrogen/options/index.ts'
import {
  createHydrogenServer,
  type HydrogenCommand,
  type HydrogenPage,
  hydrogen,
} from '../../src/hydrogen/owner/index.ts'
import type { Published } from '../../src/hydrogen/wire.ts'
import { WS_PROTOCOL } from '../../src/options/index.ts'
import { command, scriptedKernel } from './support/scripted.ts'

let kernel: Kernel
beforeAll(async () => {
  kernel = await scriptedKernel()
})
afterAll(() => kernel.close())

const order = (fd: number, ...script: unknown[]): Promise<any> => kernel.request(fd as never, script as never)

describe('a server', () => {
  test('is made from its configuration, its handlers registered, and sends events', async () => {
    await using server = await createHydrogenServer(kernel, {
      config: {
        WebSocketServer: {
          Port: 8080,
          Interface: '0.0.0.0',
          SecureMode: 'tls',
          CertificatePath: '/etc/hydrogen/cert.pem',
          KeyPath: '/etc/hydrogen/key.pem',
          AuthRequired: true,
          IdleTimeout: 300,
          MaxConnections: 100,
          ThreadPoolSize: 4,
        },
      },
      keys: ['a key'],
      handlers: { system: () => 'system', print: () => 'print', file: () => 'file' },
    })
    expect(server.address).toMatchObject({ address: '::', port: 8080 })
    expect(server.notices).toEqual([expect.stringContaining('ThreadPoolSize')])
    expect(kernel.status(server.fd)).toMatchObject({ mode: 'WEBSOCKET_SECURE_SERVER', state: 'listening' })
    expect(await order(server.fd, 'option', SO_MAX_CONNECTIONS)).toBe(100)
    expect(await order(server.fd, 'option', TLS_CERTIFICATE)).toBe('/etc/hydrogen/cert.pem')
    expect(kernel.getOption(server.fd, HYDROGEN_CONFIG)).toMatchObject({
      WebSocketServer: { IdleTimeout: 300, AuthRequired: true },
    })
    expect(await order(server.fd, 'option', HYDROGEN_KEYS)).toEqual(['a key'])
    expect(await order(server.fd, 'option', WS_PROTOCOL)).toEqual([
      { name: 'hydrogen-protocol', required: true },
    ])

    const fd = await order(server.fd, 'accept')
    for (const channel of ['system', 'print', 'file'])
      await order(server.fd, 'say', fd, command({ channel }), channel)
    const written: unknown[][] = await order(server.fd, 'written', 3)
    expect(written.map(([, reply]) => (reply as unknown[])[5])).toEqual(['"system"', '"print"', '"file"'])
    expect(
      await server.broadcast({ channel: 'system', action: 'status_update', data: { server_running: true } }),
    ).toEqual(['broadcast', 'system', 'status_update', '{"server_running":true}', null])
  })

  test('needs no configuration, and takes what is set by name or by number', async () => {
    await using server = await createHydrogenServer(kernel, {
      at: 4000,
      topics: { 'printer.>': { ack: true } },
      limits: { commands: 7 },
      options: [[HYDROGEN_LIMITS, { commands: 9 }]],
    })
    expect(server.address).toMatchObject({ address: '127.0.0.1', port: 4000 })
    expect(server.notices).toEqual([])
    expect(kernel.status(server.fd)?.mode).toBe('WEBSOCKET_SERVER')
    expect(await order(server.fd, 'option', HYDROGEN_TOPICS)).toEqual({ 'printer.>': { ack: true } })
    expect(await order(server.fd, 'option', HYDROGEN_LIMITS)).toEqual({ commands: 9 })
    expect(await order(server.fd, 'option', HYDROGEN_HANDLERS)).toEqual({})
  })

  test('without handlers of channels has its message handler take commands, and tells of its connections', async () => {
    const opened: number[] = []
    await using server = await createHydrogenServer(kernel, {
      at: 0,
      on: { open: fd => void opened.push(fd), message: (_fd, { action }) => `did ${action}` },
    })
    const fd = await order(server.fd, 'accept')
    await order(server.fd, 'say', fd, command())
    expect(await order(server.fd, 'written', 1)).toEqual([[fd, ['reply', 1, 's', 0, true, '"did start"']]])
    expect(opened).toEqual([fd])
  })

  test.each([
    ['cannot bind', { at: 1 }, 'EACCES'],
    ['has an option that is refused', { at: 0, topics: { 'a..b': {} } }, 'EINVAL'],
  ])('that %s leaves nothing behind', async (_name, options, code) => {
    const before = kernel.status().length
    await expect(createHydrogenServer(kernel, options)).rejects.toMatchObject({ code })
    expect(kernel.status()).toHaveLength(before)
  })

  test('whose configuration is none is not made', async () => {
    const before = kernel.status().length
    const config = { WebSocketServer: { Prt: 80 } }
    await expect(createHydrogenServer(kernel, { config: config as never })).rejects.toThrow('Prt')
    expect(kernel.status()).toHaveLength(before)
  })

  test('is closed when it is disposed of', async () => {
    const server = await createHydrogenServer(kernel, { at: 0 })
    await server[Symbol.asyncDispose]()
    expect(kernel.status(server.fd)).toBeUndefined()
  })
})

test('calls, commands and options are typed', async () => {
  await using server = await createHydrogenServer(kernel, {
    at: 0,
    handlers: {
      print: command => {
        expectTypeOf(command).toEqualTypeOf<HydrogenCommand<any>>()
      },
    },
  })
  server.handle<{ copies: number }>('file', command => {
    expectTypeOf(command.data.copies).toBeNumber()
    // @ts-expect-error who sent it is not for the handler to say
    command.user = 'root'
  })
  expectTypeOf(server.publish).returns.resolves.toEqualTypeOf<Published>()
  expectTypeOf(server.history<string>).returns.resolves.toEqualTypeOf<HydrogenPage<string>>()
  server.onDeadLetter(({ reason }) => {
    expectTypeOf(reason).toEqualTypeOf<
      'max_deliver' | 'term' | 'overflow' | 'session' | 'unsubscribed' | 'epoch'
    >()
  })
  // @ts-expect-error there is no such lane
  expect(() => hydrogen(kernel, server.fd).publish('a', 1, { lane: 9 })).toThrow('lane')
  // @ts-expect-error an event has an action
  expect(() => server.broadcast({ channel: 'c' })).toThrow('action')
})
