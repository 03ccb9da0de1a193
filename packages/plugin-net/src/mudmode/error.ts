/**
 * The error of the mudmode codec.
 * @module
 */

/**
 * `EPROTO`: the peer's stream is broken, the connection has to be closed. `EBADDATA`: a value that has no LPC text, or is
 * nested deeper than a driver reads.
 */
export class MudmodeError extends Error {
  readonly code: 'EPROTO' | 'EBADDATA'

  constructor(code: MudmodeError['code'], message: string) {
    super(message)
    this.name = 'MudmodeError'
    this.code = code
  }
}
