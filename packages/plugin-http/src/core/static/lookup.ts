/**
 * From a path to a file: `@fastify/send` normalizes it and knows about dot files, index files, endings and media types.
 * @module
 */
import { realpath, stat } from 'node:fs/promises'
import { isAbsolute, relative, resolve, sep } from 'node:path'
import type { Readable } from 'node:stream'
import type { SendOptions, SendResult } from '@fastify/send'
import { chooseCoding } from '../answer/accept-encoding.ts'
import type { StaticFiles } from './options.ts'

export interface FoundFile {
  readonly what: 'file'
  /** Behind every link. */
  readonly real: string
  /** Content-Type and Cache-Control, names and values in turn. */
  readonly fields: readonly string[]
  readonly coding: string | undefined
}

export type Found = FoundFile | { readonly what: 'folder' } | { readonly what: 'nothing'; status: number }

type Send = (request: Readable, path: string, options: SendOptions) => Promise<SendResult>

/** It is asked as a HEAD without conditions: it looks a file up, and opens none. */
const LOOKUP = { method: 'HEAD', headers: {} } as unknown as Readable
const ENDINGS = { br: '.br', zstd: '.zst', gzip: '.gz' } as const

let loading: Promise<Send> | undefined

function load(): Promise<Send> {
  loading ??= import('@fastify/send').then(({ default: send }) => send as unknown as Send)
  return loading
}

export class Lookup {
  readonly #files: StaticFiles
  readonly #options: SendOptions

  constructor(files: StaticFiles) {
    const {
      index = 'index.html',
      extensions = [],
      dotfiles = 'ignore',
      maxAge = 0,
      immutable = false,
    } = files
    this.#files = files
    this.#options = {
      root: resolve(files.root),
      index,
      extensions: [...extensions],
      dotfiles,
      maxAge: maxAge * 1000,
      immutable,
      etag: false,
      lastModified: false,
      acceptRanges: false,
    }
  }

  /**
   * `path` is below the mount, percent-encoded, and begins with a slash.
   *
   * @throws The system's errors where something is there that cannot be looked at.
   */
  async find(path: string, accepted: string | undefined): Promise<Found> {
    // A backslash is a part of a name here, and a separator for whoever the file may come from.
    if (/\\|%5c/i.test(path)) return { what: 'nothing', status: 400 }
    const send = await load()
    const { type, statusCode, headers, metadata } = await send(LOOKUP, path, this.#options)
    if (type === 'error' && statusCode >= 500) throw metadata.error
    if (type === 'error') return { what: 'nothing', status: statusCode }
    if (type === 'directory') return { what: 'folder' }
    const real = await this.#real(metadata.path)
    if (real === undefined) return { what: 'nothing', status: 403 }
    const mediaType = headers['Content-Type'] ?? 'application/octet-stream'
    const fields = ['Content-Type', mediaType, 'Cache-Control', headers['Cache-Control']!]
    const coded = await this.#precompressed(metadata.path, accepted)
    return { what: 'file', real, coding: undefined, ...coded, fields }
  }

  /** The path behind every link; undefined where that is elsewhere. */
  async #real(path: string): Promise<string | undefined> {
    const real = await realpath(path)
    const root = this.#options.root!
    // A path without links that is below the root's own: then there is no link in that either.
    if (this.#files.symlinks === 'allow' || real.startsWith(root + sep)) return real
    const below = relative(await realpath(root), real)
    return below === '..' || below.startsWith(`..${sep}`) || isAbsolute(below) ? undefined : real
  }

  async #precompressed(
    path: string,
    accepted: string | undefined,
  ): Promise<{ real: string; coding: string } | undefined> {
    let left = this.#files.precompressed ?? []
    for (;;) {
      const coding = chooseCoding(accepted, left)
      if (coding === undefined) return undefined
      const real = await this.#existing(path + ENDINGS[coding])
      if (real !== undefined) return { real, coding }
      left = left.filter(other => other !== coding)
    }
  }

  async #existing(path: string): Promise<string | undefined> {
    try {
      return (await stat(path)).isFile() ? await this.#real(path) : undefined
    } catch {
      return undefined
    }
  }
}
