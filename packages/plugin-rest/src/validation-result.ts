/**
 * What validation says of a request.
 * @module
 */

/** One thing that does not fit. */
export interface ValidationResult {
  in: 'path' | 'query' | 'headers' | 'body'
  /** A JSON pointer (RFC 6901) into that part; '' for the whole of it. */
  path: string
  message: string
}
