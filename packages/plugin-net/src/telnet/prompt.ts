/**
 * The end of a prompt, which is no end of a line: EOR (RFC 885) where it was negotiated, else GA unless it is suppressed
 * (RFC 858).
 * @module
 */
import { COMMAND } from './commands.ts'

export function promptEnd(eor: boolean, sga: boolean): number | undefined {
  if (eor) return COMMAND.EOR
  return sga ? undefined : COMMAND.GA
}

/** Whether the command ends a prompt. */
export function isPromptEnd(code: number): boolean {
  return code === COMMAND.EOR || code === COMMAND.GA
}
