/**
 * A WebSocket server under load.
 * @module
 */
import type { Contender } from './case.ts'
import type { DialectName } from './dialects/index.ts'
import { type Load, type LoadResult, perUnit, underLoad } from './under-load.ts'

export interface EchoLoad extends Load {
  readonly connections: number
  /** Characters of a message. */
  readonly size: number
  readonly dialect: DialectName
}

export interface EchoResult extends LoadResult {
  readonly messages: number
}

/** Round trips a second, and CPU a message. */
export const webSocketEcho =
  (server: string, load: Omit<EchoLoad, keyof Load>): Contender =>
  async ({ quick }) => {
    const measured = await underLoad<EchoLoad, EchoResult>({ server, by: 'ws-load', load, quick })
    return perUnit('messages', measured.result.messages, measured)
  }
