/**
 * A plain hello by HTTP/2, 8 connections with 8 requests at a time each: throughput, and what a request costs the owner
 * and the process. The peer is node:http2's server with its requests and responses in the form of node:http's.
 * @module
 */
import type { Case } from '../case.ts'
import { http2 as contender } from '../http-served.ts'

export const http2: Case = {
  name: 'http2',
  contenders: {
    unisock: contender('unisock-http2'),
    'node:http2': contender('node-http2'),
  },
  metrics: [
    { figure: 'requests/s', unit: 'requests/s', against: 'node:http2', goal: { atLeast: 0.8 } },
    { figure: 'owner-cpu', unit: 'µs/request', against: 'node:http2', goal: { atMost: 0.125 } },
  ],
  rounds: 5,
}
