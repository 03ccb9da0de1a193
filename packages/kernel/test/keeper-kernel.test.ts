/** Keepers as programs meet them: what they hold outlives the worker, and the worker outlives them. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test, vi } from 'vitest'
import { memoryLogger } from '../../../test/support/memory-logger.ts'
import {
  channels,
  createKernel,
  type Isolation,
  type KeeperSettings,
  type KernelOptions,
  type RestartEvent,
} from '../src/index.ts'
import type { Kernel } from '../src/kernel.ts'
import { ANNEX, annex, SHED, shed, VALUE_BYTES, VAULT, vault } from './fixtures/vault/index.ts'
import { watchLaunches } from './support/launches.ts'
import { until } from './support/resources.ts'

const QUICK = { initialDelay: 1, maxDelay: 5 }
const failing = (code: string) => expect.objectContaining({ code })

/** A kernel with one vault, and what is launched for it. */
async function vaultKernel(worker: Isolation, keeper: KeeperSettings, options: Partial<KernelOptions> = {}) {
  const logger = memoryLogger()
  await using stack = new AsyncDisposableStack()
  const { kill } = stack.use(watchLaunches())
  const plugins = [vault({ isolation: worker, keeper })]
  const kernel = stack.use(await createKernel({ plugins, logger, restart: QUICK, ...options }))
  const owned = stack.move()
  return { kernel, lines: logger.lines, kill, [Symbol.asyncDispose]: () => owned.disposeAsync() }
}

/** An fd that the store is spoken to by, and what it is told. */
function opened(kernel: Kernel, mode: typeof VAULT | typeof ANNEX | typeof SHED = VAULT) {
  const told: unknown[] = []
  const fd = kernel.create(mode as typeof VAULT, (_fd, message) => void told.push(message))
  const ask = (method: string, ...args: unknown[]): Promise<any> => kernel.request(fd, [method, ...args])
  return { told, ask }
}

const PAIRS: [keeper: Isolation, worker: Isolation][] = [
  ['thread', 'thread'],
  ['thread', 'process'],
  ['thread', 'inline'],
  ['process', 'thread'],
  ['process', 'process'],
  ['process', 'inline'],
  ['inline', 'thread'],
  ['inline', 'process'],
  ['inline', 'inline'],
]

describe.each(PAIRS)('a keeper in %s of a worker in %s', (isolation, worker) => {
  test('has what a worker kept when that is killed', async () => {
    await using running = await vaultKernel(worker, { isolation })
    const { kernel } = running
    const before = opened(kernel)
    const first = await before.ask('append', 'history', { text: 'one' })
    await before.ask('set', 'session', new Uint8Array([1, 2]))
    await before.ask('add', 'visits', 3)
    await running.kill('worker')
    await until(() => kernel.metrics().workers.vault!.restarts === 1)
    const after = opened(kernel)
    expect(await after.ask('append', 'history', 'two')).toEqual({ ...first, offset: 2 })
    const { entries } = await after.ask('read', 'history')
    expect(entries.map((entry: any) => entry.value)).toEqual([{ text: 'one' }, 'two'])
    expect(await after.ask('get', 'session')).toMatchObject({ value: Buffer.from([1, 2]) })
    expect(await after.ask('add', 'visits', 1)).toMatchObject({ total: 4 })
    expect(after.told).toEqual([])
    expect(kernel.metrics().keepers).toEqual({ vault: { state: 'running', restarts: 0 } })
  })

  test('that is killed is another afterwards; the worker goes on and listens as before', async () => {
    await using running = await vaultKernel(worker, { isolation })
    const { kernel } = running
    const { ask, told } = opened(kernel)
    const { epoch } = await ask('append', 'history', 'one')
    await ask('subscribe', 'news')
    await running.kill('keeper')
    await until(() => told.length === 2)
    expect(told).toEqual(['lost', 'another'])
    expect(await ask('publish', 'news', 'again')).toBe(1)
    await until(() => told.length === 3)
    expect(told[2]).toEqual({ heard: 'again' })
    const page = await ask('read', 'history')
    expect(page).toMatchObject({ top: 0, entries: [] })
    expect(page.epoch).not.toBe(epoch)
    expect(kernel.metrics()).toMatchObject({
      keepers: { vault: { state: 'running', restarts: 1 } },
      workers: { vault: { state: 'running', restarts: 0 } },
    })
  })
})

describe.each(['thread', 'process', 'inline'] as const)('a keeper in %s', isolation => {
  test('that fails too often is given up: calls of the store say so, and the worker lives', async () => {
    await using running = await vaultKernel('thread', { isolation }, { restart: { ...QUICK, intensity: 1 } })
    const { kernel } = running
    const { ask, told } = opened(kernel)
    await ask('add', 'visits', 1)
    const events: RestartEvent[] = []
    const onRestart = (event: unknown): void => void events.push(event as RestartEvent)
    channels.restart.subscribe(onRestart)
    await running.kill('keeper')
    await until(() => told.length === 2)
    await running.kill('keeper')
    await until(() => kernel.metrics().keepers.vault!.state === 'failed')
    channels.restart.unsubscribe(onRestart)
    expect(events).toMatchObject([
      { worker: 'vault', keeper: true, plugins: ['vault'], givenUp: false, restarts: 1 },
      { worker: 'vault', keeper: true, plugins: ['vault'], givenUp: true, restarts: 2 },
    ])
    expect(running.lines.at(-1)?.message).toBe('a keeper failed too often and is given up')
    await until(() => told.length === 3)
    // That it is lost the worker notices by itself; that it is for good it is told.
    let refusal: any
    do refusal = await ask('get', 'any').catch(error => error)
    while (refusal.message.endsWith('not back yet'))
    expect(refusal).toMatchObject({
      code: 'EPLUGIN',
      retryable: false,
      message: expect.stringMatching(/does not come back: the keeper of worker vault \(vault\) failed/),
    })
    expect(told).toEqual(['lost', 'another', 'lost'])
    expect((await kernel.inspect()).keepers).toMatchObject([{ state: 'failed', inside: undefined }])
    await running.kill('worker')
    await until(() => kernel.metrics().workers.vault!.restarts === 1)
    await expect(opened(kernel).ask('get', 'any')).rejects.toThrow(failing('EPLUGIN'))
    expect(kernel.metrics().workers.vault!.state).toBe('running')
  })

  test('is inspected apart from the workers', async () => {
    await using running = await vaultKernel('thread', { isolation })
    const { ask } = opened(running.kernel)
    await ask('set', 'key', 'value')
    const { keepers } = await running.kernel.inspect()
    expect(keepers).toMatchObject([
      {
        worker: 'vault',
        isolation,
        state: 'running',
        restarts: 0,
        inside: { store: { keys: 1, workers: 1 } },
      },
    ])
    expect(keepers[0]!.inside!.pid === process.pid).toBe(isolation !== 'process')
    expect(keepers[0]!.inside!.memory.rss).toBeGreaterThan(0)
  })

  test('has the limits that the plugin declares and the program raises', async () => {
    await using running = await vaultKernel('thread', { isolation, limits: { nameLength: 5 } })
    const { ask } = opened(running.kernel)
    await expect(ask('set', 'key', new Uint8Array(VALUE_BYTES + 1))).rejects.toThrow(failing('EMSGSIZE'))
    await expect(ask('set', 'longer', 1)).rejects.toThrow(failing('EMSGSIZE'))
  })
})

test('both may be killed at once: the worker comes up with the next keeper', async () => {
  await using running = await vaultKernel('process', { isolation: 'process' })
  const { kernel } = running
  await Promise.all([running.kill('worker'), running.kill('keeper')])
  await until(() => kernel.metrics().workers.vault!.restarts === 1)
  expect(await opened(kernel).ask('add', 'visits', 1)).toMatchObject({ total: 1 })
})

test.each([0, 1, 20, 200])('a kernel may be closed %i turns into a restart of its keeper', async turns => {
  await using running = await vaultKernel('thread', { isolation: 'process' })
  const { kernel } = running
  await running.kill('keeper')
  await until(() => kernel.metrics().keepers.vault!.restarts === 1)
  for (let turn = 0; turn < turns; turn++) await new Promise(resolve => setImmediate(resolve))
  await kernel.close()
  expect(kernel.metrics().keepers.vault!.state).toBe('stopped')
})

test('a keeper that runs out of memory takes nobody with it', async () => {
  const resourceLimits = { maxOldGenerationSizeMb: 24, maxYoungGenerationSizeMb: 4 }
  await using running = await vaultKernel('thread', { isolation: 'thread', resourceLimits })
  const { ask, told } = opened(running.kernel)
  let key = 0
  const fill = () =>
    ask(
      'batch',
      Array.from({ length: 1000 }, () => ['set', `key ${key++}`, 1]),
    )
  while (
    await fill().then(
      () => true,
      error => void expect(error.code).toBe('EPLUGIN'),
    )
  );
  await until(() => told.length === 2)
  expect(told).toEqual(['lost', 'another'])
  expect(running.kernel.metrics().workers.vault).toMatchObject({ state: 'running', restarts: 0 })
})

test('a worker whose connection is cut while its keeper runs on is given another to the same store', async () => {
  const connect = vi.spyOn(net, 'connect')
  await using running = await vaultKernel('inline', { isolation: 'process' })
  const { ask, told } = opened(running.kernel)
  await ask('set', 'key', 'value')
  const [connection] = connect.mock.results
  connect.mockRestore()
  ;(connection!.value as net.Socket).destroy()
  await until(() => told.length === 2)
  expect(told).toEqual(['lost', 'back'])
  expect(await ask('get', 'key')).toMatchObject({ value: 'value' })
  expect(running.kernel.metrics().keepers.vault!.restarts).toBe(0)
})

describe('plugins that share a worker', () => {
  test('share a store, whichever of them asked for a keeper', async () => {
    await using kernel = await createKernel({ plugins: [annex({ worker: 'web' }), vault({ worker: 'web' })] })
    await opened(kernel, VAULT).ask('set', 'key', 'value')
    expect(await opened(kernel, ANNEX).ask('get', 'key')).toMatchObject({ value: 'value' })
    expect(Object.keys(kernel.metrics().keepers)).toEqual(['web'])
  })

  test('and others do not', async () => {
    await using kernel = await createKernel({ plugins: [annex({ keeper: {} }), vault()] })
    await opened(kernel, VAULT).ask('set', 'key', 'value')
    expect(await opened(kernel, ANNEX).ask('get', 'key')).toBeUndefined()
    expect(Object.keys(kernel.metrics().keepers)).toEqual(['annex', 'vault'])
  })
})

test.each([
  ['a plugin that asks for no keeper', () => annex(), ANNEX],
  ['a plugin whose program says false', () => vault({ keeper: false }), VAULT],
] as const)('%s has a store in its worker, which ends with it', async (_who, plugin, mode) => {
  using launches = watchLaunches()
  await using kernel = await createKernel({ plugins: [plugin()], logger: memoryLogger(), restart: QUICK })
  const name = mode === ANNEX ? 'annex' : 'vault'
  const before = opened(kernel, mode)
  const { epoch } = await before.ask('append', 'history', 'one')
  await before.ask('subscribe', 'news')
  expect(await before.ask('publish', 'news', 1)).toBe(1)
  await until(() => before.told.length === 1)
  expect(kernel.metrics().keepers).toEqual({})
  expect((await kernel.inspect()).keepers).toEqual([])
  await launches.kill('worker')
  await until(() => kernel.metrics().workers[name]!.restarts === 1)
  const page = await opened(kernel, mode).ask('read', 'history')
  expect(page.entries).toEqual([])
  expect(page.epoch).not.toBe(epoch)
})

test('a plugin that does not say that it uses a store has none, but that of its worker', async () => {
  await using kernel = await createKernel({ plugins: [shed(), vault()] })
  const refused = Promise.withResolvers<Error | undefined>()
  kernel.create(SHED, { close: (_fd, error) => refused.resolve(error) })
  expect(await refused.promise).toMatchObject({ code: 'ENOTSUP', message: expect.stringMatching('keeper') })
  await using shared = await createKernel({ plugins: [shed({ worker: 'web' }), vault({ worker: 'web' })] })
  expect(await opened(shared, SHED).ask('add', 'visits', 1)).toMatchObject({ total: 1 })
})

test('a kernel whose keeper cannot start does not, and leaves nothing', async () => {
  await using folder = await temporaryFolder('x'.repeat(100))
  vi.stubEnv('TMPDIR', folder.path)
  const started = createKernel({ plugins: [vault({ keeper: { isolation: 'process' } })] })
  await expect(started).rejects.toThrow(
    expect.objectContaining({
      code: 'EPLUGINLOAD',
      message: expect.stringMatching(/^the keeper of worker vault \(vault\) could not be loaded: /),
    }),
  )
  vi.unstubAllEnvs()
  expect(await readdir(folder.path)).toEqual([])
})

const EACH_ONCE: typeof PAIRS = [
  ['thread', 'process'],
  ['process', 'inline'],
  ['inline', 'thread'],
]

describe.each([
  ['closed', 'await kernel.close()', PAIRS],
  ['left without fds', 'await kernel.close(fd)', EACH_ONCE],
  ['ended by its process', 'process.exit()', EACH_ONCE],
] as const)('a kernel that is %s', (_how, end, pairs) => {
  test.each(pairs)('leaves nothing of a keeper in %s of a worker in %s', async (keeper, worker) => {
    await using folder = await temporaryFolder('')
    const program = `
      const { createKernel } = await import(${JSON.stringify(new URL('../src/index.ts', import.meta.url).href)})
      const { vault, VAULT } = await import(${JSON.stringify(new URL('./fixtures/vault/index.ts', import.meta.url).href)})
      const [isolation, keeper] = process.argv.slice(1)
      const kernel = await createKernel({ plugins: [vault({ isolation, keeper: { isolation: keeper } })] })
      const fd = kernel.create(VAULT, {})
      await kernel.request(fd, ['set', 'key', 'value'])
      ${end}`
    const child = spawn(process.execPath, ['--input-type=module', '-e', program, worker, keeper], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, TMPDIR: folder.path },
    })
    child.stdout.resume()
    // Its output is closed when all processes that inherited it have ended.
    const [code] = await once(child, 'close')
    expect(code).toBe(0)
    expect(await readdir(folder.path)).toEqual([])
  })
})

async function temporaryFolder(name: string) {
  const path = await mkdtemp(join(tmpdir(), `keeper-${name}`))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) }
}
