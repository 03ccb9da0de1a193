/**
 * A received message, from what crosses to what the program gets.
 * @module
 */
import { AUTH_VALID, BINARY, COMPRESSED, JSON_TEXT, type ReceivedWire } from '../wire.ts'

/** The frame that a message came in; of a fragmented one, as if it had come in one (RFC 6455 section 5.4). */
export interface FrameInfo {
  /** 1: text, 2: binary. */
  opcode: 1 | 2
  fin: boolean
  /** It came through permessage-deflate (RFC 7692). */
  compressed: boolean
  /** Bytes of the payload, uncompressed. */
  length: number
}

interface MessageBase {
  /** The subprotocol that was agreed on; empty without one. */
  protocol: string
  frame_info: FrameInfo
  /** The client has shown a key or token, or satisfied the function, that WS_AUTH names. */
  auth_valid: boolean
}

export interface TextMessage extends MessageBase {
  message_type: 'text'
  /**
   * Text; or, on a subprotocol that carries JSON, the object or array that the text is. Anything at all may be in it: it
   * comes from the peer.
   */
  data: any
}

export interface BinaryMessage extends MessageBase {
  message_type: 'binary'
  data: Buffer
  /** The same as `data`. */
  binary_data: Buffer
}

export type WsMessage = TextMessage | BinaryMessage

export function toMessage([bits, length, protocol, data]: ReceivedWire): WsMessage {
  const auth_valid = (bits & AUTH_VALID) !== 0
  const compressed = (bits & COMPRESSED) !== 0
  if ((bits & BINARY) !== 0) {
    const frame_info: FrameInfo = { opcode: 2, fin: true, compressed, length }
    const bytes = data as Buffer
    return { message_type: 'binary', protocol, data: bytes, binary_data: bytes, frame_info, auth_valid }
  }
  const frame_info: FrameInfo = { opcode: 1, fin: true, compressed, length }
  const content = (bits & JSON_TEXT) !== 0 ? parsed(data as string) : data
  return { message_type: 'text', protocol, data: content, frame_info, auth_valid }
}

/** Text that only looks like JSON stays text. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
