/** Messages as text: what clients send, and events. */
import {
  type AckEnvelope,
  type CommandEnvelope,
  EncodedEvent,
  type EventParts,
  openText,
} from '../../../src/hydrogen/envelope/index.ts'

export function encodeEvent({ data, ...parts }: EventParts & { readonly data?: unknown }): EncodedEvent {
  return new EncodedEvent(parts.id, openText(parts, JSON.stringify(data)))
}

export function encodeCommand(command: Omit<CommandEnvelope, 'type'>): string {
  return JSON.stringify({ type: 'command', ...command })
}

export function encodeAck(ack: Omit<AckEnvelope, 'type'>): string {
  return JSON.stringify({ type: 'ack', ...ack })
}
