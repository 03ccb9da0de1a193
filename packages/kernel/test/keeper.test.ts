/** A keeper and its workers' ways to it, without a kernel. */
import { once } from 'node:events'
import { mkdtemp, rm, stat } from 'node:fs/promises'
import net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MessageChannel } from 'node:worker_threads'
import { describe, expect, test } from 'vitest'
import { Keeper } from '../src/keeper/keeper.ts'
import type { Plugin, PluginSettings } from '../src/plugin/plugin.ts'
import { DEFAULT_LIMITS, type StoreLimits } from '../src/store/limits.ts'
import { PrivateFolder } from '../src/supervise/private-folder.ts'
import { planWorkers } from '../src/supervise/worker-plan.ts'
import { KeeperConnection } from '../src/worker/keeper-connection.ts'
import { annex, shed, vault } from './fixtures/vault/index.ts'
import { until } from './support/resources.ts'

const TOKEN = Buffer.from(Array.from({ length: 32 }, (_, i) => i))

async function listening() {
  const folder = await mkdtemp(join(tmpdir(), 'keeper-'))
  const address = { path: join(folder, 'store'), token: TOKEN }
  const warnings: string[] = []
  const keeper = new Keeper({ warn: message => void warnings.push(message) })
  await keeper.start({ limits: DEFAULT_LIMITS, address })
  return {
    keeper,
    address,
    warnings,
    async [Symbol.asyncDispose]() {
      await keeper.dispose()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

function worker(patience = 60_000) {
  const errors: Error[] = []
  const told: unknown[] = []
  const connection = new KeeperConnection({
    onError: error => void errors.push(error),
    onMissing: () => void told.push('missing'),
    patience,
  })
  connection.store.onLost(() => void told.push('lost'))
  connection.store.onBack(back => void told.push(back))
  return {
    connection,
    store: connection.store,
    errors,
    told,
    [Symbol.asyncDispose]: () => connection.dispose(),
  }
}

function port(keeper: Keeper) {
  const { port1, port2 } = new MessageChannel()
  keeper.take(port1)
  return port2
}

/** Says something to the keeper; resolves with what it answered when it hangs up. */
async function said(path: string, ...words: Uint8Array[]): Promise<Buffer> {
  const socket = net.connect(path)
  await once(socket, 'connect')
  const answer: Buffer[] = []
  socket.on('data', (chunk: Buffer) => void answer.push(chunk)).on('error', () => {})
  for (const word of words) socket.write(word)
  await once(socket, 'close')
  return Buffer.concat(answer)
}

describe('the local socket of a keeper', () => {
  test('serves who begins with its token, together with those who have a port', async () => {
    await using running = await listening()
    await using dialled = worker()
    await using given = worker()
    dialled.connection.dial(running.address)
    given.connection.take(port(running.keeper))
    await Promise.all([dialled.connection.settled, given.connection.settled])
    const heard: unknown[] = []
    await given.store.subscribe('news', value => void heard.push(value))
    expect(await dialled.store.publish('news', 'here')).toBe(1)
    await until(() => heard.length === 1)
    expect(heard).toEqual(['here'])
    await dialled.store.set('key', 'value')
    expect(await given.store.get('key')).toMatchObject({ value: 'value' })
    expect(running.keeper.inspect().store).toMatchObject({ workers: 2, keys: 1, channels: 1 })
  })

  test('takes a token that comes byte by byte, with the first call in its last packet', async () => {
    await using running = await listening()
    await using reached = worker()
    const relay = net.createServer(async from => {
      const to = net.connect(running.address.path)
      to.pipe(from)
      const [first] = await once(from, 'data')
      for (const byte of first.subarray(0, 31)) {
        to.write(Buffer.of(byte))
        await new Promise(resolve => setImmediate(resolve))
      }
      const [rest] = first.length > 32 ? [first.subarray(32)] : await once(from, 'data')
      to.write(Buffer.concat([first.subarray(31, 32), rest]))
      from.pipe(to)
    })
    const path = `${running.address.path}-relay`
    await once(relay.listen(path), 'listening')
    reached.connection.dial({ path, token: TOKEN })
    await reached.connection.settled
    expect(await reached.store.add('visits', 2)).toMatchObject({ total: 2 })
    relay.close()
  })

  test.each([
    ['another', [Buffer.alloc(32)]],
    ['one that differs in its last byte', [Buffer.concat([TOKEN.subarray(0, 31), Buffer.of(0)])]],
    ['one that goes on differently', [TOKEN.subarray(0, 16), Buffer.alloc(16)]],
    ['a longer one', [Buffer.alloc(100)]],
  ])('hangs up on a token that is %s, without an answer', async (_which, words) => {
    await using running = await listening()
    expect(await said(running.address.path, ...words)).toHaveLength(0)
    expect(running.warnings).toEqual(['a connection to a keeper did not know its token and is refused'])
    expect(running.keeper.inspect().store.workers).toBe(0)
  })

  test('hangs up on who ends within the token', async () => {
    await using running = await listening()
    const socket = net.connect({ path: running.address.path, allowHalfOpen: true })
    socket.resume().end(TOKEN.subarray(0, 31))
    await once(socket, 'close')
    expect(running.warnings).toHaveLength(1)
    expect(running.keeper.inspect().store.workers).toBe(0)
  })

  test('is served no longer when it sends what no worker sends', async () => {
    await using running = await listening()
    await said(running.address.path, TOKEN, Buffer.from([0, 0, 0, 0, 0, 0, 0, 1, 0xc1]))
    expect(running.warnings).toEqual(['a worker broke the protocol of its store and is served no longer'])
    await until(() => running.keeper.inspect().store.workers === 0)
  })

  test('cannot be taken twice', async () => {
    await using running = await listening()
    const other = new Keeper({ warn: () => {} })
    const { address } = running
    await expect(other.start({ limits: DEFAULT_LIMITS, address })).rejects.toMatchObject({
      code: 'EADDRINUSE',
    })
  })

  test('lies where nobody else may enter, and is gone with its folder', async () => {
    const folder = new PrivateFolder()
    expect((await stat(folder.path)).mode & 0o777).toBe(0o700)
    folder.remove()
    await expect(stat(folder.path)).rejects.toMatchObject({ code: 'ENOENT' })
  })
})

describe('the way of a worker to its keeper', () => {
  test('is the newest it was told; the late end of an older one counts no more', async () => {
    await using first = await listening()
    await using second = await listening()
    await using reached = worker()
    const old = port(first.keeper)
    reached.connection.take(old)
    await reached.store.set('key', 'old')
    const closed = once(old, 'close')
    reached.connection.take(port(second.keeper))
    await closed
    await until(() => reached.told.length === 2)
    await reached.store.set('key', 'new')
    expect(await reached.store.get('key')).toMatchObject({ value: 'new' })
    expect(reached.told).toEqual(['lost', { kept: false }])
    await until(() => first.keeper.inspect().store.workers === 0)
    expect(second.keeper.inspect().store.workers).toBe(1)
  })

  test('is not an older one that connects later', async () => {
    await using first = await listening()
    await using second = await listening()
    await using reached = worker()
    reached.connection.dial(first.address)
    reached.connection.take(port(second.keeper))
    await reached.store.set('key', 'value')
    expect(second.keeper.inspect().store.keys).toBe(1)
    expect(reached.told).toEqual([])
  })

  test('is asked for again when it was missing for a while, and once only when another came meanwhile', async () => {
    await using running = await listening()
    await using reached = worker(1)
    reached.connection.dial({ path: `${running.address.path}-nowhere`, token: TOKEN })
    await until(() => reached.told.length === 1)
    reached.connection.take(port(running.keeper))
    await reached.store.set('key', 'value')
    expect(reached.told).toEqual(['missing'])
  })

  test('that is gone for good ends the waiting, and every call says why', async () => {
    await using reached = worker()
    const waiting = reached.connection.settled
    reached.connection.giveUp(new Error('worn out'))
    await waiting
    const refused = { code: 'EPLUGIN', retryable: false, message: expect.stringContaining('worn out') }
    await expect(reached.store.get('key')).rejects.toMatchObject(refused)
    await expect(reached.store.subscribe('news', () => {})).rejects.toMatchObject(refused)
    expect(reached.told).toEqual(['lost'])
  })

  test('that was disposed of is used no more', async () => {
    await using running = await listening()
    const reached = worker(1)
    reached.connection.take(port(running.keeper))
    await reached.store.set('key', 'value')
    await reached.connection.dispose()
    await until(() => running.keeper.inspect().store.workers === 0)
    await expect(reached.store.get('key')).rejects.toMatchObject({ code: 'ECLOSED' })
    expect(reached.told).toEqual([])
  })
})

describe('the plan of a program', () => {
  const limits = (plugin: Plugin, ...others: Plugin[]) => planWorkers([plugin, ...others])[0]!.storeLimits
  const shared = (settings: PluginSettings = {}) => ({ worker: 'web', ...settings })

  test('has a keeper where the plugin or the program asks for one', () => {
    const keepers = (...plugins: Plugin[]) => planWorkers(plugins).map(({ keeper }) => keeper?.isolation)
    expect(keepers(vault(), annex())).toEqual(['thread', undefined])
    expect(keepers(vault({ keeper: false }), annex({ keeper: { isolation: 'process' } }))).toEqual([
      undefined,
      'process',
    ])
    expect(keepers(annex(shared()), vault(shared()))).toEqual(['thread'])
    expect(keepers(vault(shared({ keeper: false })), annex(shared()))).toEqual([undefined])
  })

  test('takes of each limit the largest that is asked for', () => {
    expect(limits(shed())).toBeUndefined()
    expect(limits(annex())).toEqual(DEFAULT_LIMITS)
    expect(limits(shed({ keeper: {} }))).toEqual(DEFAULT_LIMITS)
    expect(limits(vault())?.valueBytes).toBe(1000)
    expect(limits(vault({ keeper: false }))?.valueBytes).toBe(1000)
    expect(limits(vault({ keeper: { limits: { valueBytes: 10, keys: 5 } } }))).toEqual({
      ...DEFAULT_LIMITS,
      valueBytes: 10,
      keys: 5,
    })
    const asked = { keeper: { limits: { valueBytes: 10, keys: 2e6 } } }
    expect(limits(annex(shared(asked)), vault(shared()))).toEqual({
      ...DEFAULT_LIMITS,
      valueBytes: 1000,
      keys: 2e6,
    })
  })

  test('of plugins that want different keepers is refused', () => {
    const plugins = [
      vault(shared({ keeper: { isolation: 'thread' } })),
      annex(shared({ keeper: { isolation: 'process' } })),
    ]
    expect(() => planWorkers(plugins)).toThrow(
      expect.objectContaining({
        code: 'EPLUGINLOAD',
        message: expect.stringMatching(/^the keeper of worker web cannot be thread and process at once/),
      }),
    )
  })

  test.each([{ keys: 0 }, { keys: 1.5 }, { keys: '5' }, { kezs: 5 }])('refuses %j as limits', wrong => {
    const plugin = vault({ keeper: { limits: wrong as Partial<StoreLimits> } })
    expect(() => planWorkers([plugin])).toThrow(expect.objectContaining({ code: 'EPLUGINLOAD' }))
  })
})
