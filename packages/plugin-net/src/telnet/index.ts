/**
 * Telnet as MUDs speak it.
 * @module
 */
export type { Charset } from './charsets.ts'
export { COMMANDS, type CommandName } from './commands.ts'
export type { TelnetEvent, TelnetHandlers, TelnetWrite } from './events.ts'
export type { GmcpMessage } from './gmcp.ts'
export type { InputTransform, OutputTransform, TelnetCompression } from './mccp.ts'
export { type MccpSettings, zlibCompression } from './mccp-zlib.ts'
export type { MsdpInput, MsdpValue } from './msdp.ts'
export type { MsspValue, MsspValues } from './mssp.ts'
export type { WindowSize } from './naws.ts'
export { OPTIONS, type OptionId, type OptionName, type Role, type Side } from './options.ts'
export { TelnetSession } from './session.ts'
export type { TelnetSettings } from './settings.ts'
export { MTTS, type TerminalType } from './ttype.ts'
