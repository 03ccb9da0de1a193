/**
 * Mode 0 in the owner's thread. Lines cross as strings, mudmode values as tagged arrays, the rest as it is.
 * @module
 */
import { type OwnerHalf, SocketError } from '@unisock/kernel/plugin'
import { encode } from '../mudmode/encode.ts'
import type { LpcValue } from '../mudmode/values.ts'
import { fromWire, type LpcTagged } from '../mudmode/wire.ts'
import type { TelnetEvent, TelnetWrite } from '../telnet/events.ts'

/** A mudmode frame's value; undefined where its text could not be read. */
export interface MudmodeValue {
  readonly type: 'value'
  readonly value: LpcValue | undefined
}

/** What mode 0 delivers: telnet's events, or mudmode's values. */
export type MudMessage = TelnetEvent | MudmodeValue

/** What mode 0 sends. A string is text to telnet, and an LPC string in mudmode. */
export type MudWrite = TelnetWrite | { readonly value: unknown }

/** A line, the value of a frame, or an event. */
export type MudWire = string | LpcTagged | TelnetEvent

export const mudOwner: OwnerHalf = {
  receive(wire: MudWire): MudMessage {
    if (typeof wire === 'string') return { type: 'text', text: wire }
    return Array.isArray(wire) ? { type: 'value', value: fromWire(wire) } : wire
  },
  /** A mudmode value is put into its frame here, so that what cannot be sent throws to its writer. */
  encode(data: MudWrite): unknown {
    if (typeof data === 'string') return data
    if (typeof data !== 'object' || data === null || Array.isArray(data))
      throw new SocketError('ETYPENOTSUPP', 'mode 0 sends text and objects such as { text } or { value }', {
        op: 'write',
      })
    return 'value' in data ? [frame(data.value)] : data
  },
}

function frame(value: unknown): Buffer {
  try {
    return encode(value)
  } catch (cause) {
    throw new SocketError('EBADDATA', (cause as Error).message, { op: 'write', cause })
  }
}
