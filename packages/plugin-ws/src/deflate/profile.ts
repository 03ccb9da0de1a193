/**
 * WEBSOCKET_COMPRESSED_NATIVE: messages as in modes 30-33, under permessage-deflate at all times.
 *
 * Its subprotocol is `unisock.deflate.v1`, which says just that, and that either end compresses each message by itself
 * unless it has agreed on more. WS_PROTOCOL names others, or none, in its place: anybody who speaks permessage-deflate
 * will do as a peer.
 * @module
 */
import type { Subprotocol } from '../options/index.ts'
import { WS_DEFLATE } from '../options/index.ts'
import type { Profile } from '../profile.ts'
import { subprotocolsOf } from '../server/subprotocols.ts'
import { CompressedConnection, type DeflateSettings } from './compressed-connection.ts'
import { DEFAULTS } from './settings.ts'

const SUBPROTOCOLS: readonly Subprotocol[] = [{ name: 'unisock.deflate.v1' }]

export const COMPRESSED: Profile = {
  subprotocols: fd => subprotocolsOf(fd) ?? SUBPROTOCOLS,
  compression: fd =>
    ({ ...DEFAULTS, level: 6, maxRatio: 200, ...fd.option(WS_DEFLATE) }) satisfies DeflateSettings,
  compressed: true,
  hydrogen: false,
  connection: (fd, ws, socket, options) => new CompressedConnection(fd, ws, socket, options),
}
