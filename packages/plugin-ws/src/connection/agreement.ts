/**
 * What a handshake agreed on.
 * @module
 */
import type { CompressionSettings } from '../deflate/settings.ts'
import { WS_COMPRESSION, WS_EXTENSIONS, WS_HANDSHAKE, WS_SUBPROTOCOL } from '../options/index.ts'
import { readHead } from '../owner/head.ts'
import type { Identity } from '../wire.ts'

export interface Agreement {
  role: 'server' | 'client'
  /** The subprotocol's name; empty without one. */
  protocol: string
  /** Its text may be JSON. */
  json: boolean
  authValid: boolean
  /** Who the client is, where the program has said so. */
  identity?: Identity | undefined
  /** Undefined without permessage-deflate. */
  compression: CompressionSettings | undefined
  /** The extensions as the response names them. */
  extensions: string
  /** The head that WS_HANDSHAKE tells of: JSON of a URL, and of names and values in turn. */
  head: string
}

/** What `query` tells of it; undefined for an option that handshakes do not settle. */
export function agreedOn(agreement: Agreement, option: number): unknown {
  switch (option) {
    case WS_SUBPROTOCOL:
      return agreement.protocol
    case WS_EXTENSIONS:
      return agreement.compression ? ['permessage-deflate'] : []
    case WS_COMPRESSION:
      return agreement.compression !== undefined
    case WS_HANDSHAKE: {
      const { protocol, extensions, head, authValid: auth, identity } = agreement
      const [url, rawHeaders] = JSON.parse(head) as [string, string[]]
      return { ...readHead(url, rawHeaders), protocol, extensions, auth, ...(identity && { identity }) }
    }
  }
  return undefined
}
