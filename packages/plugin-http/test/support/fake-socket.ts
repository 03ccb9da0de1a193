/** A plugin socket without a kernel: options in a map, and the exchanges it accepted. */
import type { Addr, Connection, Driver, PluginSocket } from '@unisock/kernel/plugin'
import '@unisock/kernel/plugin'
import '../../src/core/index.ts'

interface Definition {
  number: number
  default?: unknown
}

/** The options registry, as every copy of the kernel package shares it. */
const definitions = (globalThis as any)[Symbol.for('unisock.options')] as Map<string, Definition>

/** One accepted exchange, seen from where the kernel would be. */
export class FakeConnection implements Connection {
  readonly fd: number
  readonly addr: Addr
  readonly emitted: unknown[] = []
  readonly errors: Error[] = []
  driver!: Driver
  closedWith: Error | undefined
  ended = false
  drains = 0
  /** What `emit` returns: whether there is credit. */
  credit = true
  readonly closed = Promise.withResolvers<Error | undefined>()
  onEmit: (() => void) | undefined
  onDrained: (() => void) | undefined
  readonly #listener: FakeConnection | undefined

  constructor(fd: number, addr: Addr, listener?: FakeConnection) {
    this.fd = fd
    this.addr = addr
    this.#listener = listener
  }

  option(option: number): any {
    return this.#listener?.option(option)
  }

  get request(): any[] {
    return this.emitted[0] as any[]
  }

  emit(data: unknown): boolean {
    this.emitted.push(data)
    this.onEmit?.()
    return this.credit
  }

  /** What the owner half would do with a whole answer. */
  answer(...wire: unknown[]): void {
    this.ended = true
    this.driver.write!(wire, true)
  }

  end(): void {}

  close(error?: Error): void {
    if (this.ended) return
    this.ended = true
    this.closedWith = error
    this.closed.resolve(error)
  }

  error(error: Error): boolean {
    this.errors.push(error)
    return this.credit
  }

  drained(): void {
    this.drains++
    this.onDrained?.()
  }

  keep(): void {}
  dropped(): void {}
}

export class FakeSocket extends FakeConnection implements PluginSocket {
  readonly mode = 20
  readonly kept = new Map<string, unknown>()
  readonly exchanges: FakeConnection[] = []
  readonly logs: { level: string; message: string; details: any }[] = []
  /** Fds that are left. */
  fds = Number.POSITIVE_INFINITY
  readonly #options: Map<number, unknown>
  #waiting: { count: number; resolve: () => void }[] = []
  onAccept: ((exchange: FakeConnection) => void) | undefined

  constructor(options: readonly (readonly [option: number, value: unknown])[] = []) {
    super(1, { address: '', port: 0, family: 'local' })
    this.#options = new Map([...definitions.values()].map(({ number, default: value }) => [number, value]))
    for (const [option, value] of options) this.#options.set(option, value)
  }

  override option(option: number): any {
    return this.#options.get(option)
  }

  options(): never[] {
    return []
  }

  readonly config = undefined

  spawn(): never {
    throw new Error('HTTP runs no programs')
  }

  get store(): never {
    throw new Error('HTTP keeps nothing')
  }

  set(option: number, value: unknown): void {
    this.#options.set(option, value)
  }

  accept(
    addr: Addr,
    driver: (connection: Connection) => Driver,
    first?: { data: unknown },
  ): Connection | undefined {
    if (this.fds-- <= 0) return undefined
    const connection = new FakeConnection(this.exchanges.length + 2, addr, this)
    connection.driver = driver(connection)
    if (first) connection.emitted.push(first.data)
    this.exchanges.push(connection)
    queueMicrotask(() => {
      this.onAccept?.(connection)
      for (const waiting of this.#waiting) if (this.exchanges.length >= waiting.count) waiting.resolve()
    })
    return connection
  }

  /** Resolves with the nth exchange. */
  async exchange(index = 0): Promise<FakeConnection> {
    if (this.exchanges.length <= index)
      await new Promise<void>(resolve => this.#waiting.push({ count: index + 1, resolve }))
    return this.exchanges[index]!
  }

  readonly offers = new Map<string, unknown>()

  offer(name: string, service: unknown): void {
    this.offers.set(name, service)
  }

  offered(): undefined {}
  reopened(): void {}
  retire(): void {}

  log(level: string, message: string, details?: unknown): void {
    this.logs.push({ level, message, details })
  }
}
