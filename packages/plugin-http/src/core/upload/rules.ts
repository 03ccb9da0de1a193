/**
 * HTTP_UPLOAD in the form that each request needs it in.
 * @module
 */
import { tmpdir } from 'node:os'
import type { Upload, UploadLimits } from './upload.ts'

export interface UploadRules {
  readonly streamed: boolean
  readonly dir: string
  /** Without `file` and `total` the limit of the body is theirs. */
  readonly limits: Required<Omit<UploadLimits, 'file' | 'total'>> & Pick<UploadLimits, 'file' | 'total'>
  /** Whether a file may be of a media type, in lower case. */
  takes(type: string): boolean
}

/** Undefined where forms are bodies like others. */
export function uploadRules(upload: Upload | false | undefined): UploadRules | undefined {
  if (!upload) return undefined
  const { mode = 'disk', dir = tmpdir(), limits, types } = upload
  return {
    streamed: mode === 'stream',
    dir,
    limits: { files: 10, fields: 100, fieldSize: 65_536, parts: 100, headers: 8192, ...limits },
    takes: types ? typesOf(types) : () => true,
  }
}

function typesOf(types: readonly string[]): (type: string) => boolean {
  const taken = new Set(types.map(type => type.toLowerCase()))
  return type => taken.has(type) || taken.has(`${type.slice(0, type.indexOf('/'))}/*`) || taken.has('*/*')
}
