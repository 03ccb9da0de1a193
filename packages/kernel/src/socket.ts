/**
 * An fd as an object: the kernel's calls without the fd, and iteration. It adds no behaviour of its own.
 * @module
 */
import type { Duplex } from 'node:stream'
import { FdDuplex } from './duplex.ts'
import { SocketError } from './errors.ts'
import type { FdStatus } from './inspect.ts'
import type { Kernel } from './kernel.ts'
import { Mailbox } from './mailbox.ts'
import type {
  Addr,
  BindTarget,
  CloseOptions,
  Conn,
  ConnectTarget,
  Fd,
  Handlers,
  Mode,
  ModeSpec,
  Option,
  RequestOptions,
  WriteOptions,
} from './types.ts'

/** What iterating a socket gives; either, where the mode may listen or connect. */
type Iterated<S extends ModeSpec> = S extends { connection: ModeSpec }
  ? [S['write']] extends [never]
    ? Socket<Conn<S>>
    : Socket<Conn<S>> | S['message']
  : S['message']

export class Socket<S extends ModeSpec> implements AsyncDisposable {
  readonly fd: Fd<S>
  /** Resolves when the fd has ended, whoever ended it; rejects when an error did. */
  readonly closed: Promise<void>
  readonly #kernel: Kernel
  readonly #messages: Mailbox<Conn<S>['message']> | undefined
  readonly #connections: Mailbox<Socket<Conn<S>>> | undefined

  #listens: boolean

  private constructor(
    kernel: Kernel,
    fd: Fd<S>,
    messages?: Mailbox<Conn<S>['message']>,
    connections?: Mailbox<Socket<Conn<S>>>,
  ) {
    this.#kernel = kernel
    this.fd = fd
    this.#listens = kernel.isListener(fd)
    this.#messages = messages
    this.#connections = connections
    this.closed = new Promise((resolve, reject) =>
      kernel.onEnd(fd, error => {
        messages?.end(error)
        connections?.end(error)
        if (error) reject(error)
        else resolve()
      }),
    )
    this.closed.catch(() => {})
  }

  /** @internal */
  static create<S extends ModeSpec>(kernel: Kernel, mode: Mode<S>, handlers?: Handlers<S>): Socket<S> {
    if (handlers) return new Socket(kernel, kernel.create(mode, handlers))
    const messages = new Mailbox<Conn<S>['message']>()
    const connections = new Mailbox<Socket<Conn<S>>>()
    const fd = kernel.create(mode, {
      open: connection => {
        if ((connection as number) !== (fd as number))
          void connections.put(Socket.#accepted<S>(kernel, connection))
      },
      message: (_fd, data) => messages.put(data),
    })
    return new Socket(kernel, fd, messages, connections)
  }

  static #accepted<S extends ModeSpec>(kernel: Kernel, fd: Fd<Conn<S>>): Socket<Conn<S>> {
    const messages = new Mailbox<Conn<S>['message']>()
    kernel.attach(fd, { message: (_fd, data) => messages.put(data as Conn<S>['message']) })
    return new Socket<Conn<S>>(kernel, fd, messages as Mailbox<any>)
  }

  setOption<T>(option: Option<T, S['family']>, value: NoInfer<T>): Promise<void> {
    return this.#kernel.setOption(this.fd, option, value)
  }
  getOption<T>(option: Option<T, S['family']>): T {
    return this.#kernel.getOption(this.fd, option)
  }
  query<T>(option: Option<T, S['family']>): Promise<T> {
    return this.#kernel.query(this.fd, option)
  }
  attach(handlers: Handlers<S>): void {
    this.#kernel.attach(this.fd, handlers)
  }
  bind(at: BindTarget): Promise<Addr> {
    return this.#kernel.bind(this.fd, at)
  }
  listen(): Promise<Addr> {
    this.#listens = true
    return this.#kernel.listen(this.fd)
  }
  connect(to?: ConnectTarget): Promise<Addr> {
    return this.#kernel.connect(this.fd, to)
  }
  write(data: S['write'], how?: WriteOptions): boolean {
    return this.#kernel.write(this.fd, data, how)
  }
  broadcast(data: Conn<S>['write'], how?: { except?: Fd<Conn<S>> }): boolean {
    return this.#kernel.broadcast(this.fd, data, how)
  }
  request(
    this: S extends { reply: unknown } ? this : never,
    data: S['write'],
    how?: RequestOptions,
  ): Promise<S extends { reply: infer R } ? R : never> {
    return this.#kernel.request(this.fd as never, data as never, how) as Promise<any>
  }
  pause(): void {
    this.#kernel.pause(this.fd)
  }
  resume(): void {
    this.#kernel.resume(this.fd)
  }
  end(): void {
    this.#kernel.end(this.fd)
  }
  close(how?: CloseOptions): Promise<void> {
    return this.#kernel.close(this.fd, how)
  }
  get address(): Addr | undefined {
    return this.#kernel.address(this.fd)
  }
  get status(): FdStatus | undefined {
    return this.#kernel.status(this.fd)
  }

  /**
   * Its bytes as a stream of Node's, with back-pressure both ways, which takes the place of its handlers. Destroying the stream
   * closes the fd, and the other way round.
   *
   * @throws {SocketError} `EINVAL` for a listener.
   */
  asDuplex(): Duplex {
    if (this.#listens)
      throw new SocketError('EINVAL', 'a listener has no bytes; its connections do', { fd: this.fd })
    return new FdDuplex(this.#kernel, this.fd, this.#messages?.empty())
  }

  /** A listener iterates its connections, anything else its messages. Leaving the loop closes nothing. */
  [Symbol.asyncIterator](): AsyncIterableIterator<Iterated<S>> {
    const box = this.#listens ? this.#connections : this.#messages
    if (!box)
      throw new SocketError('EINVAL', 'a socket made with handlers is not iterated', {
        fd: this.fd,
        op: 'iterate',
      })
    return box as any
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}
