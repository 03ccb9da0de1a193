/**
 * The subnegotiations that are nothing but a message to the program.
 * @module
 */
import type { TelnetEvent } from './events.ts'
import { decodeGmcp } from './gmcp.ts'
import { decodeMsdp } from './msdp.ts'
import { decodeMssp } from './mssp.ts'
import { decodeNaws } from './naws.ts'
import { OPTIONS } from './options.ts'

/** Undefined for a payload that is malformed, and for what only the peer that has the option may send. */
export function subnegotiationEvent(
  option: number,
  payload: Buffer,
  isRemote: boolean,
): TelnetEvent | undefined {
  switch (option) {
    case OPTIONS.naws.code: {
      const size = decodeNaws(payload)
      return size && isRemote ? { type: 'naws', ...size } : undefined
    }
    case OPTIONS.gmcp.code: {
      const message = decodeGmcp(payload)
      return message && { type: 'gmcp', ...message }
    }
    case OPTIONS.msdp.code: {
      const values = decodeMsdp(payload)
      return values && { type: 'msdp', values }
    }
    case OPTIONS.mssp.code:
      return isRemote ? { type: 'mssp', values: decodeMssp(payload) } : undefined
    default:
      return { type: 'subnegotiation', option, data: Buffer.from(payload) }
  }
}
