/**
 * What a restarted worker is given back for one fd. A keyed map, not a log: options are in the fd's
 * {@link OptionValues}; here are its address and the rows its driver kept. Only what the worker acknowledged enters.
 * @module
 */
import type { Target } from '../plugin/driver.ts'
import type { Addr } from '../types.ts'

export class Journal {
  bound: Target | undefined
  listening = false
  /** Where a client that reconnects was connected to. */
  connected: Target | undefined
  readonly kept = new Map<string, unknown>()

  /** A restarted listener takes the address it got, not the port 0 it asked for. */
  bind(target: Target, got: Addr): void {
    this.bound =
      target.on !== undefined || got.family === 'local'
        ? target
        : { ...target, host: target.host ?? got.address, port: got.port }
  }

  keep(key: string, value: unknown): void {
    if (value === undefined) this.kept.delete(key)
    else this.kept.set(key, value)
  }
}
