/**
 * Node's HTTP module, loaded without its ESM face: making that one reads every export, among them lazy ones that load
 * what nobody asked for.
 * @module
 */
import { createRequire } from 'node:module'

export const { createServer, STATUS_CODES } = createRequire(import.meta.url)(
  'node:http',
) as typeof import('node:http')
