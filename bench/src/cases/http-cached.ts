/**
 * Hits of the response cache over 64 keep-alive connections, beside a bare node:http server that says the same. A hit
 * that reached the owner would fail, and its thread has nothing to do.
 * @module
 */
import type { Case } from '../case.ts'
import { plain } from '../http-served.ts'

export const httpCached: Case = {
  name: 'http-cached',
  contenders: {
    unisock: plain('unisock-http-cached'),
    'node:http': plain('node-http'),
  },
  metrics: [
    { figure: 'requests/s', unit: 'hits/s', against: 'node:http', goal: { atLeast: 0.9 } },
    { figure: 'process-cpu', unit: 'µs/hit', against: 'node:http', goal: { atMost: 1.1 } },
    { figure: 'owner-cpu', unit: 'µs/hit', against: 'node:http', goal: { atMost: 0.05 } },
  ],
  rounds: 5,
}
