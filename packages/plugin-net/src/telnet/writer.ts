/**
 * Bytes as telnet wants them (RFC 854, 855).
 * @module
 */
import { COMMAND, type Verb } from './commands.ts'

const CR = 13
const LF = 10

export function negotiation(verb: Verb, option: number): Buffer {
  return Buffer.of(COMMAND.IAC, verb, option)
}

export function command(code: number): Buffer {
  return Buffer.of(COMMAND.IAC, code)
}

export function subnegotiation(option: number, payload: Uint8Array): Buffer {
  const escaped = escapeIac(payload)
  const frame = Buffer.allocUnsafe(escaped.length + 5)
  frame[0] = COMMAND.IAC
  frame[1] = COMMAND.SB
  frame[2] = option
  frame.set(escaped, 3)
  frame[frame.length - 2] = COMMAND.IAC
  frame[frame.length - 1] = COMMAND.SE
  return frame
}

/** Each byte 255 twice; the same array where there is none. */
export function escapeIac(bytes: Uint8Array): Uint8Array {
  let at = bytes.indexOf(COMMAND.IAC)
  if (at < 0) return bytes
  let count = 0
  for (let i = at; i >= 0; i = bytes.indexOf(COMMAND.IAC, i + 1)) count++
  const escaped = Buffer.allocUnsafe(bytes.length + count)
  let from = 0
  let to = 0
  while (at >= 0) {
    escaped.set(bytes.subarray(from, at + 1), to)
    to += at + 1 - from
    escaped[to++] = COMMAND.IAC
    from = at + 1
    at = bytes.indexOf(COMMAND.IAC, from)
  }
  escaped.set(bytes.subarray(from), to)
  return escaped
}

/** Line ends as CR LF, however the text has them; a CR that stands alone as CR NUL. */
export function lineEnds(text: string): string {
  if (!text.includes('\n') && !text.includes('\r')) return text
  let result = ''
  let start = 0
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code === LF) {
      result += `${text.slice(start, i)}\r\n`
      start = i + 1
    } else if (code === CR) {
      const isLineEnd = text.charCodeAt(i + 1) === LF
      result += `${text.slice(start, i)}${isLineEnd ? '\r\n' : '\r\0'}`
      if (isLineEnd) i++
      start = i + 1
    }
  }
  return result + text.slice(start)
}
