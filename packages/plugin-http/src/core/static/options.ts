/**
 * The option for files that the worker serves by itself: 227.
 * @module
 */
import { boolean, defineOption, integer, type } from '@unisock/kernel/plugin'

/** HTTP_STATIC: a folder below a path. */
export interface StaticFiles {
  /** Where in the server it is, such as `/assets`. @default '/' */
  path?: string
  /** The folder; a relative one is of the process's working directory. */
  root: string
  /** The file that stands for a folder, or false. @default 'index.html' */
  index?: string | false
  /** Endings that are tried where there is no file of a name without one, such as `html`. */
  extensions?: readonly string[]
  /** Names that begin with a dot: 404, 403, or served. @default 'ignore' */
  dotfiles?: 'ignore' | 'deny' | 'allow'
  /** Seconds that caches may keep a file. @default 0 */
  maxAge?: number
  /** A file of one name is always the same: caches need not ask before its time is over. @default false */
  immutable?: boolean
  /** @default true */
  etag?: boolean
  /** Codings of files that lie beside the others, as `app.js.br`, for clients that take them. */
  precompressed?: readonly ('br' | 'zstd' | 'gzip')[]
  /** A file sent in place of what is not there, where the path looks like a page: for single-page applications. */
  fallback?: string
  /** Links may lead out of the root. @default 'below' */
  symlinks?: 'below' | 'allow'
  /** What is not there, and methods other than GET and HEAD, are handed to the program. @default false */
  passUnfound?: boolean
}

const text = { type: 'string', minLength: 1, maxLength: 4096, pattern: '^[^\\u0000]*$' }
const folder = {
  type: 'object',
  required: ['root'],
  additionalProperties: false,
  properties: {
    path: { type: 'string', pattern: '^/[^?#%\\\\\\u0000-\\u0020]*$' },
    root: text,
    index: { anyOf: [text, { const: false }] },
    extensions: { type: 'array', items: { type: 'string', pattern: '^[\\w-]+(\\.[\\w-]+)*$' }, maxItems: 16 },
    dotfiles: { enum: ['ignore', 'deny', 'allow'] },
    maxAge: integer('Seconds that caches may keep a file.', 0, 31_536_000),
    immutable: boolean('A file of one name is always the same.'),
    etag: boolean('Files have an ETag.'),
    precompressed: { type: 'array', items: { enum: ['br', 'zstd', 'gzip'] }, uniqueItems: true },
    fallback: text,
    symlinks: { enum: ['below', 'allow'] },
    passUnfound: boolean('What is not there is handed to the program.'),
  },
}

export const HTTP_STATIC = defineOption({
  number: 227,
  name: 'HTTP_STATIC',
  family: 'http',
  modes: [20, 21, 24],
  schema: {
    anyOf: [folder, { type: 'array', items: folder, maxItems: 64 }],
    description:
      'Folders whose files the worker serves by itself: one or several { path, root, index, extensions, dotfiles, maxAge, immutable, etag, precompressed, fallback, symlinks, passUnfound }.',
  },
  value: type<StaticFiles | readonly StaticFiles[]>(),
})
