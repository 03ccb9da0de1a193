/**
 * Telnet's command bytes.
 * @module
 */

/** RFC 854; EOF, SUSP and ABORT RFC 1184; EOR RFC 885. */
export const COMMAND = {
  EOF: 236,
  SUSP: 237,
  ABORT: 238,
  EOR: 239,
  SE: 240,
  NOP: 241,
  DM: 242,
  BRK: 243,
  IP: 244,
  AO: 245,
  AYT: 246,
  EC: 247,
  EL: 248,
  GA: 249,
  SB: 250,
  WILL: 251,
  WONT: 252,
  DO: 253,
  DONT: 254,
  IAC: 255,
} as const

export type Verb = typeof COMMAND.WILL | typeof COMMAND.WONT | typeof COMMAND.DO | typeof COMMAND.DONT

/** The commands that stand alone, by the names that events and writes have for them. */
export const COMMANDS = {
  eof: COMMAND.EOF,
  susp: COMMAND.SUSP,
  abort: COMMAND.ABORT,
  eor: COMMAND.EOR,
  nop: COMMAND.NOP,
  dm: COMMAND.DM,
  brk: COMMAND.BRK,
  ip: COMMAND.IP,
  ao: COMMAND.AO,
  ayt: COMMAND.AYT,
  ec: COMMAND.EC,
  el: COMMAND.EL,
  ga: COMMAND.GA,
} as const

export type CommandName = keyof typeof COMMANDS

const names = new Map<number, CommandName>(
  Object.entries(COMMANDS).map(([name, code]) => [code, name as CommandName]),
)

/** Undefined for a byte that is no command. */
export function commandName(code: number): CommandName | undefined {
  return names.get(code)
}
