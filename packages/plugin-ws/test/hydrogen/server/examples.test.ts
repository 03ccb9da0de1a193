/** The usage examples of Hydrogen's manual, in TypeScript. */
import { randomUUID } from 'node:crypto'
import { memoryUsage } from 'node:process'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Authority, type Issued } from '../../../../../test/support/certificates.ts'
import {
  createHydrogenServer,
  type HydrogenCommand,
  type HydrogenServer,
  hydrogenError,
} from '../../../src/index.ts'
import { wsKernel } from '../../support/kernel.ts'
import { HydrogenPeer } from '../support/peer.ts'
import { serve } from '../support/server.ts'

let authority: Authority
let issued: Issued

beforeAll(() => {
  authority = new Authority()
  issued = authority.issue('localhost')
})
afterAll(() => authority[Symbol.dispose]())

test('Server Initialization', async () => {
  await using kernel = await wsKernel('thread')
  const systemEventHandler = ({ action }: HydrogenCommand): string => `system ${action}`
  const printEventHandler = ({ data }: HydrogenCommand<{ copies: number }>): string =>
    `${data.copies} printed`
  const fileEventHandler = ({ action }: HydrogenCommand): string => `file ${action}`

  // The configuration; its handlers are registered with it, or with `handle`.
  await using server = await createHydrogenServer(kernel, {
    config: {
      WebSocketServer: {
        Port: 0,
        Interface: '0.0.0.0',
        SecureMode: 'tls',
        CertificatePath: issued.certificatePath,
        KeyPath: issued.privateKeyPath,
        AuthRequired: true,
        IdleTimeout: 300,
        MaxConnections: 100,
      },
    },
    keys: ['abc'],
    handlers: { system: systemEventHandler, print: printEventHandler },
  })
  server.handle('file', fileEventHandler)

  await using peer = await HydrogenPeer.connected(`wss://localhost:${server.address.port}/`, {
    key: 'abc',
    ws: { ca: authority.certificate },
  })
  expect((await peer.command('system', 'restart')).data).toBe('system restart')
  expect((await peer.command('print', 'start', { copies: 2 })).data).toBe('2 printed')
  expect((await peer.command('file', 'list')).data).toBe('file list')
})

test('a server that cannot start says why', async () => {
  await using kernel = await wsKernel()
  await using server = await createHydrogenServer(kernel, { at: 0, keys: ['abc'] })
  await expect(
    createHydrogenServer(kernel, { at: server.address.port, keys: ['abc'] }),
  ).rejects.toMatchObject({ code: 'EADDRINUSE' })
})

test('Sending Events', async () => {
  await using serving = await serve()
  const clients = [await serving.client(), await serving.open({ key: 'bob' })]

  // The event has its id and its timestamp from the server, and goes to all who are authenticated.
  await serving.server.broadcast({
    channel: 'system',
    action: 'status_update',
    data: {
      server_running: true,
      memory_usage: memoryUsage.rss(),
      cpu_load: 0.25,
      thread_count: 4,
    },
  })

  for (const client of clients)
    expect(await client.event()).toEqual({
      type: 'event',
      id: expect.any(String),
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      channel: 'system',
      action: 'status_update',
      data: {
        server_running: true,
        memory_usage: expect.any(Number),
        cpu_load: 0.25,
        thread_count: 4,
      },
    })
})

test('Processing Client Messages', async () => {
  const log: string[] = []
  const printed: unknown[] = []
  await using serving = await serve({
    keys: [{ key: 'ann', user: 'ann', permissions: ['print:*'] }],
    topics: { jobs: { ack: true } },
    handlers: {
      print({ action, data, user }) {
        if (action !== 'start') throw hydrogenError('unknown_action')
        printed.push(data)
        log.push(`${user} prints`)
        return { job: printed.length }
      },
    },
  })
  const client = await serving.client()

  // Invalid JSON is answered.
  client.say('{"type":')
  expect(await client.responses.next()).toMatchObject({ ok: false, error: { code: 'invalid_message' } })

  // Authentication is verified.
  expect((await client.command('file', 'read')).error).toMatchObject({ code: 'auth_failed' })

  // A command goes to the handler of its channel.
  const id = randomUUID()
  const timestamp = new Date().toISOString()
  const command = { channel: 'print', action: 'start', data: { file: 'a.gcode' } }
  expect(
    await client.command(command.channel, command.action, command.data, { id, timestamp }),
  ).toMatchObject({ re: id, ok: true, data: { job: 1 } })
  expect((await client.command('print', 'stop')).error.reason).toBe('unknown_action')
  expect(log).toEqual(['ann prints'])

  // An acknowledgment marks its event as delivered.
  await client.subscribe('jobs')
  const confirmed = publishAndConfirm(serving.server, 'jobs', { job: 1, state: 'done' })
  const event = await client.event()
  client.say({ type: 'ack', id: event.id })
  expect(await confirmed).toBe(1)
})

/** How many have acknowledged an event. */
async function publishAndConfirm(server: HydrogenServer, topic: string, data: object): Promise<number> {
  return (await server.publish(topic, data, { confirm: 'all' })).confirmed!
}
