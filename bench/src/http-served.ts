/**
 * An HTTP server under load.
 * @module
 */
import type { Contender } from './case.ts'
import { type Load, type LoadResult, perUnit, underLoad } from './under-load.ts'

export interface HttpLoad extends Load {
  readonly connections: number
  readonly path?: string
  readonly method?: 'GET' | 'POST'
  readonly headers?: Record<string, string>
  readonly body?: string
}

export interface HttpLoadResult extends LoadResult {
  readonly requests: number
  readonly failures: number
  /** Milliseconds. */
  readonly p99: number
}

/** Requests a second, their p99, and CPU a request. */
export const http =
  (
    server: string,
    load: Omit<HttpLoad, keyof Load>,
    args: readonly string[] = [],
    by = 'http-load',
  ): Contender =>
  async ({ quick }) => {
    const measured = await underLoad<HttpLoad, HttpLoadResult>({ server, args, by, load, quick })
    const { requests, failures, p99 } = measured.result
    if (failures > 0) throw new Error(`${server}: ${failures} requests failed`)
    return { ...perUnit('requests', requests, measured), p99 }
  }

/** `GET /` over 64 keep-alive connections. */
export const plain = (server: string): Contender => http(server, { connections: 64 })

/** The same requests by HTTP/2, several on each connection. */
export const http2 = (server: string): Contender => http(server, { connections: 64 }, [], 'h2-load')
