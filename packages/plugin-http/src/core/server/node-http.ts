/**
 * Node's HTTP module, loaded without its ESM face: making that one reads every export, among them lazy ones that load
 * a whole WebSocket and fetch implementation into the worker.
 * @module
 */
import { createRequire } from 'node:module'

const require = createRequire(import.meta.url)

export const { createServer, IncomingMessage, ServerResponse, STATUS_CODES } =
  require('node:http') as typeof import('node:http')
