/**
 * What the options of the WebSocket modes have in common.
 * @module
 */
export const family = 'ws'

/** The characters of a token (RFC 9110 section 5.6.2): a subprotocol, or the name of a header field. */
export const TOKEN_PATTERN = "^[!#$%&'*+.^_`|~0-9A-Za-z-]+$"
