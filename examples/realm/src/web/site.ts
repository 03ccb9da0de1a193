/**
 * The page to play on and what belongs to it, as a route of the API. Nothing of it is built, and it loads nothing from
 * elsewhere.
 * @module
 */
import { readdirSync, readFileSync } from 'node:fs'
import { extname } from 'node:path'
import type { HttpReply } from '@unisock/plugin-http'
import { type AnyRoute, problem, reply, route } from '@unisock/plugin-rest'
import { readClientModules } from './client-modules.ts'

export const PAGE_PATH = '/play/'

const FOLDER = new URL('./page/', import.meta.url)
/** Where the modules of the Hydrogen client are, below the page. */
const CLIENT = 'hydrogen/'

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
}
const SCRIPT = TYPES['.js']!

/** Scripts and styles are files of this server, connections go nowhere else, and text never becomes markup. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ')

const HEADERS = {
  'content-security-policy': POLICY,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-cache',
}

/** The route that the page and its files are got by. */
export function siteRoute(): AnyRoute {
  const files = new Map<string, HttpReply>()
  for (const name of readdirSync(FOLDER))
    files.set(name, file(TYPES[extname(name)]!, readFileSync(new URL(name, FOLDER))))
  files.set('', files.get('index.html')!)
  let client: Promise<void> | undefined
  return route({
    method: 'GET',
    pattern: `${PAGE_PATH}{file*}`,
    auth: 'none',
    openapi: {
      summary: 'The page to play on, and its files',
      operationId: 'getPage',
      tags: ['realm'],
      responses: { 200: { description: 'The page, when no file is named' } },
    },
    handler: async request => {
      const name = request.path_params.file
      if (name.startsWith(CLIENT)) await (client ??= addClient(files))
      const found = files.get(name)
      if (!found) throw problem(404)
      return reply(found)
    },
  })
}

async function addClient(files: Map<string, HttpReply>): Promise<void> {
  const { entry, sources } = await readClientModules()
  files.set(`${CLIENT}client.js`, file(SCRIPT, `export * from './${entry}'\n`))
  for (const [path, source] of sources) files.set(`${CLIENT}${path}`, file(SCRIPT, source))
}

function file(type: string, body: string | Uint8Array): HttpReply {
  return { headers: { ...HEADERS, 'content-type': type }, body }
}
