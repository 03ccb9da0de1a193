/**
 * What a listener believes of the web server in front of it: options 302 and 304-309, made ready for each request.
 * @module
 */
import type { IncomingMessage } from 'node:http'
import type { Addr, PluginSocket } from '@unisock/kernel/plugin'
import { cgiClient, cgiFront } from './cgi.ts'
import { type Compiled, compile } from './compiled.ts'
import { forwarded, untrustedFields } from './forwarded.ts'
import type { Admitted } from './front.ts'
import { cookieFor } from './sticky.ts'

const ADMITTED = Symbol('unisock.http.admitted')

interface AdmittedMessage extends IncomingMessage {
  [ADMITTED]?: Admitted | undefined
}

/** What was found of a request before it was served. */
export function admittedOf(request: IncomingMessage): Admitted | undefined {
  return (request as AdmittedMessage)[ADMITTED]
}

export class FrontDoor {
  readonly #socket: PluginSocket
  #compiled!: Compiled
  /** Headers that were dropped once already: each is logged once. */
  readonly #warned = new Set<string>()

  constructor(socket: PluginSocket) {
    this.#socket = socket
    this.refresh()
  }

  refresh(): void {
    this.#compiled = compile(this.#socket)
  }

  get settings(): Compiled {
    return this.#compiled
  }

  /** Whether a web server may speak FastCGI from there. */
  trustsFastCgi(peer: Addr): boolean {
    if (this.#compiled.fastCgiPeers.has(peer)) return true
    this.#warn('fastcgi', 'refused FastCGI from a peer that is not trusted', peer)
    return false
  }

  /** An HTTP request: takes a trusted proxy's word, and drops what nobody else may say. */
  admit(request: IncomingMessage, peer: Addr): void {
    const compiled = this.#compiled
    if (!compiled.looksAtHeaders) return
    const dropped = untrustedFields(request, peer, compiled)
    for (const name of dropped) this.#warn(name, `ignored ${name} of a peer that is not trusted`, peer)
    ;(request as AdmittedMessage)[ADMITTED] = forwarded(request, peer, compiled)
  }

  /** A FastCGI request. */
  admitCgi(request: IncomingMessage, variables: readonly string[], peer: Addr): void {
    ;(request as AdmittedMessage)[ADMITTED] = {
      front: cgiFront(variables, peer, this.#compiled),
      client: cgiClient(variables),
    }
  }

  /** The cookie that binds a client to this member; undefined where it has that, or needs none. */
  cookie(request: IncomingMessage): string | undefined {
    const { balance } = this.#compiled
    return balance?.sticky === undefined ? undefined : cookieFor(request.headers.cookie, balance)
  }

  #warn(what: string, message: string, { address, port }: Addr): void {
    if (this.#warned.has(what)) return
    this.#warned.add(what)
    this.#socket.log('warn', message, { address, port })
  }
}
