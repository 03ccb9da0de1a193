/**
 * Agreeing on a subprotocol (RFC 6455 sections 1.9 and 4.2.2).
 * @module
 */
import type { Connection } from '@unisock/kernel/plugin'
import { type Subprotocol, WS_PROTOCOL, WS_SUBPROTOCOL } from '../options/index.ts'

/** A token among the subprotocols, for browsers, which cannot send `Authorization`. */
export const TOKEN_PREFIX = 'unisock.auth.'

/** WS_PROTOCOL, or the one name of WS_SUBPROTOCOL, as a list; undefined where neither is set. */
export function subprotocolsOf(fd: Connection): readonly Subprotocol[] | undefined {
  const value = fd.option(WS_SUBPROTOCOL) ?? fd.option(WS_PROTOCOL)
  if (value === undefined) return undefined
  const list = typeof value === 'string' ? [value] : value
  return list.map(entry => (typeof entry === 'string' ? { name: entry } : entry))
}

/** What a server chose: `name` is what the response says, of which `none` says that it names no subprotocol. */
export interface Chosen {
  name: string
  none: boolean
  json: boolean
}

const NONE: Chosen = { name: '', none: true, json: false }

/**
 * The server's first that the client offers too. Undefined: the client cannot be served.
 *
 * A client that offers subprotocols, and a token only to show it, is given that back: browsers fail a handshake that
 * chooses none of what they offered.
 */
export function chooseSubprotocol(
  offered: readonly string[],
  accepted: readonly Subprotocol[] | undefined,
): Chosen | undefined {
  const names = offered.filter(name => !name.startsWith(TOKEN_PREFIX))
  for (const { name, json = true } of accepted ?? [])
    if (names.includes(name)) return { name, none: false, json }
  if (accepted?.some(({ required }) => required)) return undefined
  if (accepted && names.length > 0) return undefined
  const token = offered.find(name => name.startsWith(TOKEN_PREFIX))
  return names.length === 0 && token !== undefined ? { name: token, none: true, json: false } : NONE
}
