/**
 * A DNS server on loopback (RFC 1035), for A and AAAA questions.
 * @module
 */
import { createSocket, type Socket } from 'node:dgram'
import { promises } from 'node:dns'
import { once } from 'node:events'
import { parseIP } from '../../src/address/index.ts'

export interface Zone {
  readonly addresses: readonly string[]
  readonly ttl?: number
}

/** What is answered: addresses, a response code of RFC 1035 section 4.1.1, or nothing at all. */
export type Answer = Zone | 'NXDOMAIN' | 'SERVFAIL' | 'silent'

const RESPONSE_CODES = { SERVFAIL: 2, NXDOMAIN: 3 }
const TYPE_A = 1
const TYPE_AAAA = 28

export class DnsServer implements AsyncDisposable {
  readonly names: Record<string, Answer> = {}
  /** `name TYPE` of each question, in order. */
  readonly questions: string[] = []
  /** Answers wait for it. */
  gate: Promise<void> = Promise.resolve()
  readonly #socket: Socket

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.on('message', (query, { address, port }) => {
      const reply = this.#reply(query)
      if (reply !== undefined) void this.gate.then(() => socket.send(reply, port, address))
    })
  }

  static async start(names: Record<string, Answer>): Promise<DnsServer> {
    const socket = createSocket('udp4')
    const server = new DnsServer(socket)
    Object.assign(server.names, names)
    socket.bind(0, '127.0.0.1')
    await once(socket, 'listening')
    return server
  }

  /** `timeout` in milliseconds, of one try. */
  resolver(timeout = 10_000): promises.Resolver {
    const resolver = new promises.Resolver({ timeout, tries: 1 })
    resolver.setServers([`127.0.0.1:${this.#socket.address().port}`])
    return resolver
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#socket, 'close')
    this.#socket.close()
    await closed
  }

  #reply(query: Buffer): Buffer | undefined {
    const labels: string[] = []
    let at = 12
    for (let length = query[at++]!; length > 0; length = query[at++]!) {
      labels.push(query.toString('latin1', at, at + length))
      at += length
    }
    const name = labels.join('.')
    const type = query.readUInt16BE(at)
    const question = query.subarray(12, at + 4)
    this.questions.push(`${name} ${type === TYPE_A ? 'A' : 'AAAA'}`)
    const answer = this.names[name.toLowerCase()] ?? 'NXDOMAIN'
    if (answer === 'silent') return undefined
    const records = typeof answer === 'string' ? [] : recordsOf(answer, type)
    const header = Buffer.alloc(12)
    query.copy(header, 0, 0, 2)
    header.writeUInt16BE(0x8180 | (typeof answer === 'string' ? RESPONSE_CODES[answer] : 0), 2)
    header.writeUInt16BE(1, 4)
    header.writeUInt16BE(records.length, 6)
    return Buffer.concat([header, question, ...records])
  }
}

function recordsOf({ addresses, ttl = 60 }: Zone, type: number): Buffer[] {
  return addresses
    .map(parseIP)
    .filter(({ family }) => (family === 4 ? TYPE_A : TYPE_AAAA) === type)
    .map(address => {
      const data = address.toBytes()
      const head = Buffer.alloc(12)
      head.writeUInt16BE(0xc00c, 0)
      head.writeUInt16BE(type, 2)
      head.writeUInt16BE(1, 4)
      head.writeUInt32BE(ttl, 6)
      head.writeUInt16BE(data.length, 10)
      return Buffer.concat([head, data])
    })
}
