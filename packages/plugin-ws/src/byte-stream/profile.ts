/**
 * WEBSOCKET_BINARY_STREAM: one ordered stream of bytes in each direction.
 *
 * Its subprotocol is `unisock.stream.v1`, which both ends must agree on:
 *
 * - The payloads of binary messages, in their order, are the stream. Where one message ends and the next begins means
 *   nothing; empty ones are allowed and are nothing.
 * - The text message `end` says that its sender sends no more. Bytes or another `end` behind it break the protocol (1002),
 *   as does any other text.
 * - Who has sent and received `end` closes with 1000. A connection that closes without the peer's `end` has cut its stream
 *   short, whatever the close code.
 * @module
 */
import type { Subprotocol } from '../options/index.ts'
import { MESSAGES, type Profile } from '../profile.ts'
import { ByteStreamConnection } from './byte-stream-connection.ts'

const SUBPROTOCOLS: readonly Subprotocol[] = [{ name: 'unisock.stream.v1', json: false, required: true }]

export const BYTE_STREAM: Profile = {
  ...MESSAGES,
  hydrogen: false,
  subprotocols: () => SUBPROTOCOLS,
  connection: (fd, ws, socket, options) => new ByteStreamConnection(fd, ws, socket, options),
}
