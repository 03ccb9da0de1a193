/**
 * A TCP server under load.
 * @module
 */
import type { Contender } from './case.ts'
import { type Load, type LoadResult, perUnit, underLoad } from './under-load.ts'

export interface TcpLoad extends Load {
  readonly kind: 'echo' | 'bulk'
  readonly connections: number
  /** Bytes of a message. */
  readonly size: number
}

export interface TcpLoadResult extends LoadResult {
  readonly messages: number
}

/** Round trips or bytes a second, and CPU a message or a MB. */
export const tcp =
  (server: string, load: Omit<TcpLoad, keyof Load>): Contender =>
  async ({ quick }) => {
    const measured = await underLoad<TcpLoad, TcpLoadResult>({
      server,
      args: [load.kind],
      by: 'tcp-load',
      load,
      quick,
    })
    const { messages } = measured.result
    return perUnit('units', load.kind === 'echo' ? messages : (messages * load.size) / 1e6, measured)
  }
