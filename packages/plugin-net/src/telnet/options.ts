/**
 * Telnet's options.
 * @module
 */

export type Role = 'server' | 'client'

/** Whose `WILL` it is: ours or the peer's. */
export type Side = 'local' | 'remote'

interface OptionKind {
  readonly code: number
  /** Who says `WILL` in a MUD, where the option itself leaves it open. */
  readonly performer: Role
}

const option = (code: number, performer: Role): OptionKind => ({ code, performer })

export const OPTIONS = {
  /** RFC 857. */
  echo: option(1, 'server'),
  /** Suppress go-ahead, RFC 858. */
  sga: option(3, 'server'),
  /** Terminal type, RFC 1091. */
  ttype: option(24, 'client'),
  /** End of record, RFC 885. */
  eor: option(25, 'server'),
  /** Window size, RFC 1073. */
  naws: option(31, 'client'),
  /** RFC 2066. */
  charset: option(42, 'server'),
  /** MUD server data protocol. */
  msdp: option(69, 'server'),
  /** MUD server status protocol. */
  mssp: option(70, 'server'),
  /** MUD client compression protocol 2: what the server sends. */
  mccp2: option(86, 'server'),
  /** MUD client compression protocol 3: what the client sends. */
  mccp3: option(87, 'server'),
  /** Generic MUD communication protocol. */
  gmcp: option(201, 'server'),
} as const satisfies Record<string, OptionKind>

export type OptionName = keyof typeof OPTIONS

/** By its name, or by its number where it has none here. */
export type OptionId = OptionName | number

const names = new Map<number, OptionName>(
  Object.entries(OPTIONS).map(([name, { code }]) => [code, name as OptionName]),
)

export function optionCode(id: OptionId): number {
  return typeof id === 'number' ? id : OPTIONS[id].code
}

export function optionId(code: number): OptionId {
  return names.get(code) ?? code
}

/** The side on which the option usually is; ours for a number without name. */
export function usualSide(id: OptionId, role: Role): Side {
  return typeof id === 'number' || OPTIONS[id].performer === role ? 'local' : 'remote'
}
