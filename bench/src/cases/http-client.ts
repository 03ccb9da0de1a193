/**
 * Asking an HTTP server, 64 requests at once, beside undici in the program's own thread.
 * @module
 */
import type { Case } from '../case.ts'
import { httpAsked } from '../http-asked.ts'

export const httpClient: Case = {
  name: 'http-client',
  contenders: { unisock: httpAsked('unisock-http-client'), undici: httpAsked('undici') },
  metrics: [
    { figure: 'requests/s', unit: 'requests/s', against: 'undici', goal: { atLeast: 0.9 } },
    { figure: 'owner-cpu', unit: 'µs/request', against: 'undici', goal: { atMost: 0.25 } },
  ],
  rounds: 5,
}
