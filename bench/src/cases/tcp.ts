/**
 * TCP through the library in this thread and through the kernel, beside node:net: round trips of 128 bytes over 64
 * connections, and bytes one way over 4.
 * @module
 */
import type { Case } from '../case.ts'
import { tcp } from '../tcp-served.ts'

const ECHO = { kind: 'echo', connections: 64, size: 128 } as const
const BULK = { kind: 'bulk', connections: 4, size: 65_536 } as const

export const tcpEcho: Case = {
  name: 'tcp-echo',
  contenders: { unisock: tcp('unisock-net', ECHO), 'node:net': tcp('node-net', ECHO) },
  metrics: [
    { figure: 'units/s', unit: 'messages/s', against: 'node:net', goal: { atLeast: 0.85 } },
    { figure: 'owner-cpu', unit: 'µs/message', against: 'node:net', goal: { atMost: 0.25 } },
  ],
  rounds: 5,
}

export const tcpBulk: Case = {
  name: 'tcp-bulk',
  contenders: { unisock: tcp('unisock-net', BULK), 'node:net': tcp('node-net', BULK) },
  metrics: [
    { figure: 'units/s', unit: 'MB/s', against: 'node:net', goal: { atLeast: 0.7 } },
    { figure: 'owner-cpu', unit: 'µs/MB', against: 'node:net', goal: { atMost: 0.25 } },
  ],
  rounds: 5,
}

export const tcpEchoSockets: Case = {
  name: 'tcp-echo-sockets',
  contenders: { unisock: tcp('sockets', ECHO), 'node:net': tcp('node-net', ECHO) },
  metrics: [
    { figure: 'units/s', unit: 'messages/s', against: 'node:net', goal: { atLeast: 0.95 } },
    { figure: 'process-cpu', unit: 'µs/message', against: 'node:net', goal: { atMost: 1.05 } },
  ],
  rounds: 5,
}

export const tcpBulkSockets: Case = {
  name: 'tcp-bulk-sockets',
  contenders: { unisock: tcp('sockets', BULK), 'node:net': tcp('node-net', BULK) },
  metrics: [
    { figure: 'units/s', unit: 'MB/s', against: 'node:net', goal: { atLeast: 0.95 } },
    { figure: 'process-cpu', unit: 'µs/MB', against: 'node:net', goal: { atMost: 1.05 } },
  ],
  rounds: 5,
}
