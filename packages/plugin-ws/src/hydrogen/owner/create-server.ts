/**
 * A Hydrogen server from what its configuration and its program say.
 * @module
 */
import type { Addr, AnyOption, BindTarget, CloseOptions, Option } from '@unisock/kernel/plugin'
import { WEBSOCKET_SERVER } from '../../modes.ts'
import { WS_PROTOCOL } from '../../options/index.ts'
import { applyConfig } from '../config/apply.ts'
import { type ConfigSource, DEFAULT_CONFIG, readConfig } from '../config/index.ts'
import {
  HYDROGEN_ACTIONS,
  HYDROGEN_HANDLERS,
  HYDROGEN_KEYS,
  HYDROGEN_LIMITS,
  HYDROGEN_OBSERVERS,
  HYDROGEN_SESSION,
  HYDROGEN_SIGNING,
  HYDROGEN_STATUS,
  HYDROGEN_TOPICS,
  HYDROGEN_VERIFY,
} from '../options/index.ts'
import { HYDROGEN_PROTOCOL } from '../protocol.ts'
import type { HydrogenCommand } from './command.ts'
import { Hydrogen } from './hydrogen.ts'
import type { HydrogenFd, HydrogenKernel } from './kernel.ts'

type ValueOf<O> = O extends Option<infer T, any> ? T : never
type Row = readonly [option: AnyOption, value: unknown]

/** The options of a listener that are set by name. */
const NAMED = {
  keys: HYDROGEN_KEYS,
  verify: HYDROGEN_VERIFY,
  actions: HYDROGEN_ACTIONS,
  signing: HYDROGEN_SIGNING,
  topics: HYDROGEN_TOPICS,
  limits: HYDROGEN_LIMITS,
  session: HYDROGEN_SESSION,
  status: HYDROGEN_STATUS,
  handlers: HYDROGEN_HANDLERS,
  observers: HYDROGEN_OBSERVERS,
} as const

const DEFAULT_AT = { host: DEFAULT_CONFIG.Interface, port: DEFAULT_CONFIG.Port }

type NamedOptions = { [Name in keyof typeof NAMED]?: ValueOf<(typeof NAMED)[Name]> }

/** What happens on the listener and its connections. */
export interface HydrogenServerHandlers {
  /** A connection was accepted. */
  open?(fd: HydrogenFd, listener: HydrogenFd, addr: Addr): void
  /** A command, where there are no `handlers`; answered by `reply` and `fail`, or by what this returns. */
  message?(fd: HydrogenFd, command: HydrogenCommand): unknown
  error?(fd: HydrogenFd, error: Error): void
  close?(fd: HydrogenFd, error?: Error): void
}

export interface HydrogenServerOptions extends NamedOptions {
  /** The configuration: its path, its text, or what is in it. */
  config?: ConfigSource
  /** @default the configuration's Interface and Port; without one port 8080 of 127.0.0.1 */
  at?: BindTarget
  on?: HydrogenServerHandlers
  /** Further options of the listener. */
  options?: readonly Row[]
}

/** The part of a kernel that a server is made with. */
export interface HydrogenServerKernel extends HydrogenKernel {
  create(mode: any, handlers: any): any
  bind(fd: any, at: BindTarget): Promise<Addr>
  listen(fd: any): Promise<Addr>
  close(fd: any, how?: CloseOptions): Promise<void>
}

/** A server that listens. */
export class HydrogenServer extends Hydrogen implements AsyncDisposable {
  readonly address: Addr
  /** What is not as the configuration has it. */
  readonly notices: readonly string[]
  readonly #kernel: HydrogenServerKernel

  constructor(kernel: HydrogenServerKernel, fd: HydrogenFd, address: Addr, notices: readonly string[]) {
    super(kernel, fd)
    this.#kernel = kernel
    this.address = address
    this.notices = notices
  }

  /** Gives the port back; connections are closed with 3001, and their sessions are over. */
  close(how?: CloseOptions): Promise<void> {
    return this.#kernel.close(this.fd, how)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}

/**
 * Makes a Hydrogen server; resolves when it listens. What fails ends it.
 *
 * @example
 * const server = await createHydrogenServer(kernel, {
 *   config: '/etc/hydrogen/hydrogen.json',
 *   keys: [{ key: 'the key of a printer', user: 'printer-3', permissions: ['print:*'] }],
 *   handlers: { print: command => printer.run(command.action, command.data) },
 * })
 * server.broadcast({ channel: 'system', action: 'status_update', data: { cpu_load: 0.4 } })
 */
export async function createHydrogenServer(
  kernel: HydrogenServerKernel,
  { config, at, on = {}, options = [], ...named }: HydrogenServerOptions,
): Promise<HydrogenServer> {
  const configured = config === undefined ? undefined : applyConfig(readConfig(config))
  const fd: HydrogenFd = kernel.create(configured?.mode ?? WEBSOCKET_SERVER, on)
  try {
    const rows: Row[] = [
      [WS_PROTOCOL, [{ name: HYDROGEN_PROTOCOL, required: true }]],
      ...(configured?.options ?? []),
    ]
    for (const name of Object.keys(NAMED) as (keyof typeof NAMED)[])
      if (named[name] !== undefined) rows.push([NAMED[name], named[name]])
    await Promise.all([...rows, ...options].map(([option, value]) => kernel.setOption(fd, option, value)))
    await kernel.bind(fd, at ?? configured?.bind ?? DEFAULT_AT)
    return new HydrogenServer(kernel, fd, await kernel.listen(fd), configured?.notices ?? [])
  } catch (error) {
    await kernel.close(fd)
    throw error
  }
}
