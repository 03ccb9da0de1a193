/** Stores of each kind, with a clock that tests move: `await using` ends them. */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { MessageChannel, Worker } from 'node:worker_threads'
import { portChannel } from '../src/link/port-channel.ts'
import { streamChannel } from '../src/link/stream-channel.ts'
import type { Channel } from '../src/link/transport.ts'
import { MemoryStore, RemoteStore, type Store, type StoreLimits, StoreServer } from '../src/store/index.ts'
import { ManualClock } from './store-clock.ts'

export interface Rig extends AsyncDisposable {
  /** One more worker's store; an in-memory store has one. */
  open(): Promise<Store>
  advance(ms: number): Promise<void>
  /** What listeners threw, and what was broken. */
  readonly errors: Error[]
}

const KEEPER = new URL('./fixtures/store-keeper.ts', import.meta.url)

export async function memoryRig(limits: Partial<StoreLimits> = {}) {
  const clock = new ManualClock()
  const errors: Error[] = []
  const store = new MemoryStore({ clock, limits, onError: error => void errors.push(error) })
  return {
    store,
    clock,
    errors,
    open: async () => store,
    advance: async (ms: number) => clock.advance(ms),
    [Symbol.asyncDispose]: () => store.dispose(),
  }
}

/** A server in this thread with its workers' stores over MessageChannels. */
export async function inlineRig(limits: Partial<StoreLimits> = {}) {
  const clock = new ManualClock()
  const errors: Error[] = []
  const onError = (error: unknown): void => void errors.push(error as Error)
  const server = new StoreServer({ clock, limits })
  const stores: RemoteStore[] = []
  const channel = (): Channel => {
    const { port1, port2 } = new MessageChannel()
    server.connect(portChannel(port2), onError)
    return portChannel(port1)
  }
  return {
    server,
    clock,
    errors,
    channel,
    async open(): Promise<RemoteStore> {
      const store = new RemoteStore({ onError })
      store.attach(channel())
      stores.push(store)
      return store
    },
    advance: async (ms: number) => clock.advance(ms),
    async [Symbol.asyncDispose]() {
      for (const store of stores) await store.dispose()
      server.dispose()
    },
  }
}

/** A keeper in a thread or a process, which may be killed. */
export interface Keeper extends AsyncDisposable {
  channel(): Promise<Channel>
  advance(ms: number): Promise<void>
  /** Ends it without a goodbye; resolves when it is gone. */
  kill(): Promise<void>
}

export async function threadKeeper(): Promise<Keeper> {
  const worker = new Worker(KEEPER)
  let told = Promise.resolve<unknown>(undefined)
  const tell = (order: object, transfer: MessagePort[] = []): Promise<unknown> =>
    (told = told.then(() => {
      worker.postMessage(order, transfer as any)
      return once(worker, 'message')
    }))
  const kill = async (): Promise<void> => void (await worker.terminate())
  return {
    async channel() {
      const { port1, port2 } = new MessageChannel()
      await tell({ kind: 'connect', port: port2 }, [port2 as any])
      return portChannel(port1)
    },
    advance: async ms => void (await tell({ kind: 'advance', ms })),
    kill,
    [Symbol.asyncDispose]: kill,
  }
}

export async function processKeeper(): Promise<Keeper> {
  const folder = await mkdtemp(join(tmpdir(), 'unisock-store-'))
  const path = join(folder, 'keeper')
  const child = fork(fileURLToPath(KEEPER), [path], { env: { ...process.env, NODE_OPTIONS: '' } })
  const exited = once(child, 'exit')
  await once(child, 'message')
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL')
    await exited
    await rm(folder, { recursive: true, force: true })
  }
  return {
    async channel() {
      const socket = net.connect(path)
      socket.on('error', () => {})
      await once(socket, 'connect')
      return streamChannel(socket)
    },
    async advance(ms) {
      const done = once(child, 'message')
      child.send({ kind: 'advance', ms })
      await done
    },
    kill,
    [Symbol.asyncDispose]: kill,
  }
}

export const KEEPERS = { thread: threadKeeper, process: processKeeper }

async function keeperRig(start: () => Promise<Keeper>): Promise<Rig> {
  const keeper = await start()
  const errors: Error[] = []
  const stores: RemoteStore[] = []
  return {
    errors,
    async open() {
      const store = new RemoteStore({ onError: error => void errors.push(error) })
      store.attach(await keeper.channel())
      stores.push(store)
      return store
    },
    advance: ms => keeper.advance(ms),
    async [Symbol.asyncDispose]() {
      for (const store of stores) await store.dispose()
      await keeper.kill()
    },
  }
}

export const RIGS: Readonly<Record<string, () => Promise<Rig>>> = {
  'the memory of one worker': memoryRig,
  'message ports in one thread': inlineRig,
  'a thread': () => keeperRig(threadKeeper),
  'a process on a local socket': () => keeperRig(processKeeper),
}
