/**
 * The error of a compressed stream.
 * @module
 */

/**
 * `EPROTO`: the peer's bytes are no such stream, or become more than is allowed; the connection has to be closed.
 * `ENOTSUP`: this Node lacks the algorithm. `EINVAL`: a setting out of range.
 */
export class CompressionError extends Error {
  readonly code: 'EPROTO' | 'ENOTSUP' | 'EINVAL'

  constructor(code: CompressionError['code'], message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'CompressionError'
    this.code = code
  }
}
