/**
 * Asking the program whether a client is to be admitted.
 * @module
 */
import { type Addr, Question, toAddr } from '@unisock/kernel/plugin'
import type { AdmissionWire } from '../wire.ts'
import { type HandshakeHead, readHead } from './head.ts'

/** A client that asks to be admitted: what the function of WS_AUTH gets. It is admitted when that returns `true`, or who it is. */
export interface AdmissionRequest extends HandshakeHead {
  /** What the client shows to prove who it is, in `Authorization` or as a subprotocol; undefined without one. */
  token: string | undefined
  /** How `Authorization` calls it, in lower case: `key`, `bearer` …; `protocol` when it came as a subprotocol. */
  scheme: string | undefined
  /** The subprotocols that the client offers. */
  protocols: string[]
  addr: Addr
}

export class Admission extends Question implements AdmissionRequest {
  readonly path: string
  readonly query_params: HandshakeHead['query_params']
  readonly headers: HandshakeHead['headers']
  readonly token: string | undefined
  readonly scheme: string | undefined
  readonly protocols: string[]
  readonly addr: Addr

  constructor([id, url, rawHeaders, token, scheme, protocols, address, port]: AdmissionWire) {
    super(id)
    const { path, query_params, headers } = readHead(url, rawHeaders)
    this.path = path
    this.query_params = query_params
    this.headers = headers
    this.token = token ?? undefined
    this.scheme = scheme ?? undefined
    this.protocols = protocols
    this.addr = toAddr(address, port)
  }
}
