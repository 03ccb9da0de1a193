/**
 * WEBSOCKET_FILE_STREAM: files in chunks, as protocol.ts describes it.
 * @module
 */
import type { Subprotocol } from '../options/index.ts'
import { MESSAGES, type Profile } from '../profile.ts'
import { FileStreamConnection } from './file-stream-connection.ts'
import { SUBPROTOCOL } from './protocol.ts'

const SUBPROTOCOLS: readonly Subprotocol[] = [{ name: SUBPROTOCOL, json: false, required: true }]

export const FILE_STREAM: Profile = {
  ...MESSAGES,
  hydrogen: false,
  subprotocols: () => SUBPROTOCOLS,
  connection: (fd, ws, socket, options) => new FileStreamConnection(fd, ws, socket, options),
}
