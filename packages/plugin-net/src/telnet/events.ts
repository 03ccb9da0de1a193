/**
 * What a telnet session tells and what it is told.
 * @module
 */
import type { Charset } from './charsets.ts'
import type { CommandName } from './commands.ts'
import type { GmcpMessage } from './gmcp.ts'
import type { MsdpInput, MsdpValue } from './msdp.ts'
import type { MsspValues } from './mssp.ts'
import type { WindowSize } from './naws.ts'
import type { OptionId, Side } from './options.ts'
import type { TerminalType } from './ttype.ts'

export type TelnetEvent =
  /** A server gets one line, without its end; a client gets text as it arrives, its line ends as LF. */
  | { readonly type: 'text'; readonly text: string }
  /** A client's: the unfinished line, which came as text before, is a prompt. */
  | { readonly type: 'prompt'; readonly text: string }
  | ({ readonly type: 'naws' } & WindowSize)
  | ({ readonly type: 'ttype' } & TerminalType)
  /** Text is in this set from now on, in both directions. */
  | { readonly type: 'charset'; readonly charset: Charset }
  | ({ readonly type: 'gmcp' } & GmcpMessage)
  | { readonly type: 'msdp'; readonly values: Record<string, MsdpValue> }
  | { readonly type: 'mssp'; readonly values: Record<string, string | string[]> }
  /** An option went on or off, or the peer refused to turn it on. */
  | { readonly type: 'option'; readonly option: OptionId; readonly side: Side; readonly enabled: boolean }
  | { readonly type: 'command'; readonly command: CommandName }
  /** For an option that is on and has no event of its own. */
  | { readonly type: 'subnegotiation'; readonly option: number; readonly data: Buffer }

export type TelnetWrite =
  | string
  /** LF and CR LF are line ends; the text gets none of its own. */
  | { readonly text: string }
  /** Text, and the mark that no line end follows. */
  | { readonly prompt: string }
  | { readonly gmcp: string; readonly data?: unknown }
  | { readonly msdp: { readonly [name: string]: MsdpInput } }
  /** A server's; the values of the settings are sent by themselves. */
  | { readonly mssp: MsspValues }
  /** A client's: its window has changed. */
  | { readonly naws: WindowSize }
  /** A server's: whether the user sees what is typed. False hides a password. */
  | { readonly echo: boolean }
  /** Asks for an option, on the side where it usually is. */
  | { readonly option: OptionId; readonly enable: boolean; readonly side?: Side }
  | { readonly subnegotiation: number; readonly data: Uint8Array }
  | { readonly command: CommandName }
  /** Bytes as they are, but for the escape of 255. */
  | { readonly raw: Uint8Array }

export interface TelnetHandlers {
  /** Bytes for the peer. */
  output(bytes: Uint8Array): void
  event(event: TelnetEvent): void
  /** The peer's compressed stream is broken: nothing more can be read, the connection has to be closed. */
  error(error: Error): void
  /** `receive` said false, and it is time for more. */
  receiveDrain?(): void
  /** `needDrain` was true and is false again. */
  writeDrain?(): void
}
