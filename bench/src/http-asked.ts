/**
 * An HTTP client, and a server that counts what it is asked.
 * @module
 */
import type { Contender } from './case.ts'
import { type Load, type LoadResult, perUnit, underLoad } from './under-load.ts'

export type AskedLoad = Load

export interface AskedResult extends LoadResult {
  readonly requests: number
}

/** Requests a second, and CPU a request. */
export const httpAsked =
  (server: string): Contender =>
  async ({ quick }) => {
    const options = { server, by: 'http-origin', load: {}, quick }
    const measured = await underLoad<AskedLoad, AskedResult>(options)
    return perUnit('requests', measured.result.requests, measured)
  }
