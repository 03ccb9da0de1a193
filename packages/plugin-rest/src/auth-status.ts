/**
 * What became of a request's token.
 * @module
 */

/**
 * `none`: no token came, or none was looked at. `valid`; `expired`; `invalid`: any other fault of the token.
 * `forbidden`: valid, but without the role or scope that the route asks for.
 */
export type AuthStatus = 'none' | 'valid' | 'expired' | 'invalid' | 'forbidden'

/** The statuses by the number they cross the link as. */
export const AUTH_STATUSES = [
  'none',
  'valid',
  'expired',
  'invalid',
  'forbidden',
] as const satisfies AuthStatus[]
