/**
 * The library, loaded with the first key: who makes and checks no tokens does not pay for it.
 * @module
 */
import { createRequire } from 'node:module'

export type FastJwt = typeof import('fast-jwt')

let library: FastJwt | undefined

export function fastJwt(): FastJwt {
  library ??= createRequire(import.meta.url)('fast-jwt') as FastJwt
  return library
}
