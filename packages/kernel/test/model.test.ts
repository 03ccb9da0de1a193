/**
 * Random sequences of kernel calls against a small model: no leaked fd, no double close, no lost or misdelivered
 * message.
 */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Kernel } from '../src/kernel.ts'
import { ECHO_CLIENT, ECHO_SERVER, ECHO_UPPER } from './fixtures/echo/index.ts'
import { echoKernel, until } from './support/resources.ts'

interface Client {
  fd: any
  server: number
  sent: string
  received: string
  closed: boolean
}

/** What must be true of the world, kept beside the real one. */
interface Model {
  servers: { bound: boolean; listening: boolean }[]
  clients: { open: boolean }[]
}

class World {
  readonly servers: { fd: any; addr: any }[] = []
  readonly clients: Client[] = []
  readonly ends = new Map<number, number>()
  readonly accepted = new Set<number>()
  readonly issued = new Set<number>()
  readonly kernel: Kernel

  constructor(kernel: Kernel) {
    this.kernel = kernel
  }

  issue(fd: number): void {
    expect(this.issued.has(fd)).toBe(false)
    this.issued.add(fd)
  }

  ended(fd: number): void {
    this.ends.set(fd, (this.ends.get(fd) ?? 0) + 1)
  }

  server(): void {
    const fd = this.kernel.create(ECHO_SERVER, {
      open: accepted => {
        this.issue(accepted)
        this.accepted.add(accepted)
      },
      message: (accepted, data) => {
        expect(this.accepted.has(accepted)).toBe(true)
        this.kernel.write(accepted, data)
      },
      close: accepted => {
        this.ended(accepted)
        this.accepted.delete(accepted)
      },
    })
    this.issue(fd)
    this.servers.push({ fd, addr: undefined })
  }

  async client(server: number): Promise<void> {
    const client: Client = { fd: 0, server, sent: '', received: '', closed: false }
    client.fd = this.kernel.create(ECHO_CLIENT, {
      message: (fd, data) => {
        expect(fd).toBe(client.fd)
        expect(client.closed).toBe(false)
        client.received += data
      },
      close: fd => this.ended(fd),
    })
    this.issue(client.fd)
    await this.kernel.connect(client.fd, this.servers[server]!.addr)
    this.clients.push(client)
  }
}

type Command = fc.AsyncCommand<Model, World>
const command = (
  name: string,
  check: (model: Model) => boolean,
  run: (model: Model, world: World) => Promise<void>,
): Command => ({ check, run, toString: () => name })

const pick = <T>(items: T[], index: number, fits: (item: T) => boolean): number => {
  const fitting = items.flatMap((item, i) => (fits(item) ? [i] : []))
  return fitting.length === 0 ? -1 : fitting[index % fitting.length]!
}

const commands = [
  fc.constant(
    command(
      'create a server',
      model => model.servers.length < 4,
      async (model, world) => {
        world.server()
        model.servers.push({ bound: false, listening: false })
      },
    ),
  ),
  fc.nat().map(index =>
    command(
      `bind ${index}`,
      model => model.servers.length > 0,
      async (model, world) => {
        const at = index % model.servers.length
        const binding = world.kernel.bind(world.servers[at]!.fd, 0)
        if (model.servers[at]!.bound) return expect(binding).rejects.toMatchObject({ code: 'EISBOUND' })
        world.servers[at]!.addr = await binding
        model.servers[at]!.bound = true
      },
    ),
  ),
  fc.nat().map(index =>
    command(
      `listen ${index}`,
      model => model.servers.length > 0,
      async (model, world) => {
        const at = index % model.servers.length
        const state = model.servers[at]!
        const listening = world.kernel.listen(world.servers[at]!.fd)
        if (!state.bound) return expect(listening).rejects.toMatchObject({ code: 'ENOADDR' })
        if (state.listening) return expect(listening).rejects.toMatchObject({ code: 'EISLISTEN' })
        await listening
        state.listening = true
      },
    ),
  ),
  fc.nat().map(index =>
    command(
      `connect to ${index}`,
      model => model.clients.length < 12 && model.servers.some(server => server.listening),
      async (model, world) => {
        await world.client(pick(model.servers, index, server => server.listening))
        model.clients.push({ open: true })
      },
    ),
  ),
  fc
    .tuple(fc.nat(), fc.string({ minLength: 1, maxLength: 50, unit: fc.constantFrom('a', 'b', 'c') }))
    .map(([index, text]) =>
      command(
        `write ${text} on ${index}`,
        model => model.clients.length > 0,
        async (model, world) => {
          const at = index % model.clients.length
          const client = world.clients[at]!
          expect(world.kernel.write(client.fd, text)).toBe(model.clients[at]!.open)
          if (model.clients[at]!.open) client.sent += text
        },
      ),
    ),
  fc.nat().map(index =>
    command(
      `close client ${index}`,
      model => model.clients.some(client => client.open),
      async (model, world) => {
        const at = pick(model.clients, index, client => client.open)
        const client = world.clients[at]!
        await until(() => client.received.length === client.sent.length)
        client.closed = true
        await world.kernel.close(client.fd)
        model.clients[at]!.open = false
      },
    ),
  ),
  fc.nat().map(index =>
    command(
      `set and read an option of ${index}`,
      model => model.servers.length > 0,
      async (_model, world) => {
        const { fd } = world.servers[index % world.servers.length]!
        await world.kernel.setOption(fd, ECHO_UPPER, false)
        await expect(world.kernel.setOption(fd, ECHO_UPPER, 1 as any)).rejects.toMatchObject({
          code: 'EINVAL',
        })
        expect(world.kernel.getOption(fd, ECHO_UPPER)).toBe(false)
      },
    ),
  ),
]

test.each([
  ['thread', 15],
  ['process', 5],
  ['inline', 40],
] as const)('random calls over %s agree with the model', async (isolation, numRuns) => {
  await using kernel = await echoKernel(isolation)
  await fc.assert(
    fc.asyncProperty(fc.commands(commands, { maxCommands: 60 }), async steps => {
      const world = new World(kernel)
      const model: Model = { servers: [], clients: [] }
      await fc.asyncModelRun(() => ({ model, real: world }), steps)
      await until(() => world.clients.every(client => client.received.length === client.sent.length))
      for (const client of world.clients) expect(client.received).toBe(client.sent)
      for (const client of world.clients) await kernel.close(client.fd)
      await until(() => world.accepted.size === 0)
      for (const { fd } of world.servers) await kernel.close(fd)
      expect(kernel.status()).toEqual([])
      for (const count of world.ends.values()) expect(count).toBe(1)
    }),
    { numRuns },
  )
  expect(kernel.lines.filter(line => line.level === 'error')).toEqual([])
  expect(kernel.metrics().functions).toBe(0)
})
