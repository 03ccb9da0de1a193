/**
 * What may be said about forms with files: on a listener, and on a route.
 * @module
 */
import { isAbsolute } from 'node:path'
import { type Schema, SocketError } from '@unisock/kernel/plugin'

/** What a form may have. What is beyond a limit is refused with 413. */
export interface UploadLimits {
  /** Bytes of one file. @default `total` */
  file?: number
  /** Files. @default 10 */
  files?: number
  /** Fields that are no files. @default 100 */
  fields?: number
  /** Bytes of one field. @default 65536 */
  fieldSize?: number
  /** Files and fields together. @default 100 */
  parts?: number
  /** Bytes of one part's header. @default 8192 */
  headers?: number
  /** Bytes of the whole body, in place of HTTP_MAX_BODY_SIZE. */
  total?: number
}

/** HTTP_UPLOAD's value, and a route's `upload`. */
export interface Upload {
  /** Whether files are on the disk when the program gets the request, or come part by part. @default 'disk' */
  mode?: 'disk' | 'stream'
  /** The folder files are written to, absolute. It is made where it is not there. @default the system's for temporary files */
  dir?: string
  limits?: UploadLimits
  /** Media types that files may say they are, such as `image/*`; others are 415. @default any */
  types?: readonly string[]
}

const count: Schema = { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER }

export const UPLOAD_SCHEMA: Schema = {
  description:
    'Forms with files (multipart/form-data) are taken apart: files are on the disk when the request comes, or its parts come one by one. false: they are bodies like others.',
  anyOf: [
    { enum: [false] },
    {
      type: 'object',
      additionalProperties: false,
      properties: {
        mode: { enum: ['disk', 'stream'] },
        dir: { type: 'string', minLength: 1 },
        limits: {
          type: 'object',
          additionalProperties: false,
          properties: {
            file: count,
            files: count,
            fields: count,
            fieldSize: count,
            parts: count,
            headers: count,
            total: count,
          },
        },
        types: {
          type: 'array',
          minItems: 1,
          items: { type: 'string', pattern: '^(\\*/\\*|[A-Za-z0-9!#$&^_.+-]+/([A-Za-z0-9!#$&^_.+-]+|\\*))$' },
        },
      },
    },
  ],
}

/** @throws {SocketError} `EINVAL` for a folder that is not named from the root. */
export function checkUpload(upload: Upload | false | undefined): void {
  if (upload && upload.dir !== undefined && !isAbsolute(upload.dir))
    throw new SocketError('EINVAL', `upload: dir ${JSON.stringify(upload.dir)} is not absolute`)
}
