/**
 * What is wrong with a TLS option.
 * @module
 */
import { SocketsError } from '../errors.ts'

/** `ERR_TLS_OPTION`, naming the option and never what a key is. */
export class TlsOptionError extends SocketsError {
  /** The key of {@link TlsOptions}; for a context by name `contexts` and the name. */
  readonly option: string
  readonly reason: string

  constructor(option: string, reason: string, cause?: unknown) {
    super('ERR_TLS_OPTION', `${option}: ${reason}`, { cause })
    this.name = 'TlsOptionError'
    this.option = option
    this.reason = reason
  }
}
