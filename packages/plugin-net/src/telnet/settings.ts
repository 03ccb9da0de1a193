/**
 * How a telnet session behaves.
 * @module
 */
import type { Charset } from './charsets.ts'
import type { TelnetCompression } from './mccp.ts'
import type { MsspValues } from './mssp.ts'
import type { WindowSize } from './naws.ts'
import {
  OPTIONS,
  type OptionId,
  type OptionName,
  optionCode,
  type Role,
  type Side,
  usualSide,
} from './options.ts'

export interface TelnetSettings {
  /**
   * What `start` asks for. A server's default is ttype, naws, charset, eor, mssp, msdp, gmcp, mccp2 and mccp3, a client
   * waits to be asked. `sga` is not among them: with it, command-line clients send each key by itself.
   */
  readonly offer?: readonly OptionId[] | undefined
  /** What is neither offered nor accepted. */
  readonly refuse?: readonly OptionName[] | undefined
  /** Options by number that the peer may turn on: their subnegotiations come as they are. */
  readonly accept?: readonly number[] | undefined
  /** What a server tells crawlers, asked at each request; without it mssp is refused. */
  readonly mssp?: MsspValues | (() => MsspValues) | undefined
  /** What text is in until another set is agreed on; default `utf-8`. */
  readonly charset?: Charset | undefined
  /** What is offered and accepted, best first; default `utf-8`, `latin1`, `ascii`. */
  readonly charsets?: readonly Charset[] | undefined
  /** A client's names for ttype, its own first; default `UNISOCK`, `XTERM`. */
  readonly terminal?: readonly string[] | undefined
  /** A client's sum of MTTS bits; default 0: it does not tell. */
  readonly mtts?: number | undefined
  /** A client's window; without it naws is refused. */
  readonly window?: WindowSize | undefined
  /** UTF-16 units; a longer line comes in pieces. Default 65536. */
  readonly maxLine?: number | undefined
  /** Bytes; a longer subnegotiation is dropped. Default 65536. */
  readonly maxSubnegotiation?: number | undefined
  /** What AYT is answered with; default a line `[Yes]`, nothing if empty. */
  readonly aytReply?: string | undefined
  /** Without it mccp2 and mccp3 are refused. */
  readonly compression?: TelnetCompression | undefined
}

const SERVER_OFFER: readonly OptionName[] = [
  'ttype',
  'naws',
  'charset',
  'eor',
  'mssp',
  'msdp',
  'gmcp',
  'mccp2',
  'mccp3',
]

const MAX_LINE = 64 * 1024
const MAX_SUBNEGOTIATION = 64 * 1024

export function resolveSettings(role: Role, settings: TelnetSettings) {
  return {
    offer: settings.offer ?? (role === 'server' ? SERVER_OFFER : []),
    refuse: new Set<number>((settings.refuse ?? []).map(optionCode)),
    accept: new Set<number>(settings.accept),
    mssp: settings.mssp,
    charset: settings.charset ?? 'utf-8',
    charsets: settings.charsets ?? (['utf-8', 'latin1', 'ascii'] as const),
    terminal: settings.terminal ?? ['UNISOCK', 'XTERM'],
    mtts: settings.mtts ?? 0,
    window: settings.window,
    maxLine: settings.maxLine ?? MAX_LINE,
    maxSubnegotiation: settings.maxSubnegotiation ?? MAX_SUBNEGOTIATION,
    aytReply: settings.aytReply ?? '\n[Yes]\n',
    compression: settings.compression,
  } satisfies { [K in keyof Required<TelnetSettings>]: unknown }
}

export type ResolvedSettings = ReturnType<typeof resolveSettings>

/** What a server tells crawlers now. */
export function currentStatus({ mssp }: ResolvedSettings): MsspValues {
  return (typeof mssp === 'function' ? mssp() : mssp) ?? {}
}

/** Whether the session can do the option at all. */
export function isSupported(id: OptionId, role: Role, settings: ResolvedSettings): boolean {
  if (settings.refuse.has(optionCode(id))) return false
  switch (id) {
    case 'mccp2':
    case 'mccp3':
      return settings.compression !== undefined
    case 'mssp':
      return role === 'client' || settings.mssp !== undefined
    case 'naws':
      return role === 'server' || settings.window !== undefined
    case 'charset':
      return settings.charsets.length > 0
    default:
      return true
  }
}

/** Whether the peer may turn the option on, on the side where it asks for it. */
export function isAccepted(id: OptionId, side: Side, role: Role, settings: ResolvedSettings): boolean {
  if (typeof id === 'number') return settings.accept.has(id)
  if (!isSupported(id, role, settings)) return false
  if (EITHER_SIDE.has(OPTIONS[id].code)) return true
  // A server echoes nothing: it turns its side on only to hide what is typed.
  if (id === 'echo' && role === 'server') return false
  return usualSide(id, role) === side
}

const EITHER_SIDE = new Set<number>([OPTIONS.sga.code, OPTIONS.eor.code, OPTIONS.charset.code])
