/**
 * The same hello with 20 µs of the program's own work a request: the work no longer competes with the protocol.
 * @module
 */
import type { Case } from '../case.ts'
import { plain } from '../http-served.ts'

export const httpWork: Case = {
  name: 'http-work20us',
  contenders: { unisock: plain('unisock-http-work'), 'node:http': plain('node-http-work') },
  metrics: [
    { figure: 'p99', unit: 'ms', against: 'node:http', goal: { atMost: 0.4 } },
    { figure: 'requests/s', unit: 'requests/s', against: 'node:http', goal: { atLeast: 1 } },
  ],
  rounds: 5,
}
