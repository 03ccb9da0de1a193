/**
 * What the subprotocol is called, in a handshake's `Sec-WebSocket-Protocol`.
 * @module
 */

export const HYDROGEN_PROTOCOL = 'hydrogen-protocol'
