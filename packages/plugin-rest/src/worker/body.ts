/**
 * Reading a request's body: from bytes to what is validated and what crosses.
 * @module
 */
import { isUtf8 } from 'node:buffer'
import { parseQuery } from '@unisock/plugin-http/core'
import type { ReadForm } from '@unisock/plugin-http/core/worker'
import type { Format } from '../formats/format.ts'
import { isDeeper } from '../formats/json-depth.ts'
import { formOf } from '../media-type.ts'
import type { ValidationResult } from '../validation-result.ts'
import type { BodyCheck } from './validation.ts'
import type { Visit } from './visit.ts'

/** Parses JSON; fastify's parser refuses `__proto__` keys, which reach past the object they are in. */
export type JsonParser = (
  request: any,
  text: string,
  done: (error: Error | null, value?: any) => void,
) => void

/** A body as it crosses. */
export interface ReadBody {
  /** JSON, or plain text where `plain`. */
  text: string | null
  plain: boolean
  bytes: Uint8Array | null
  /** What did not fit; undefined for nothing. */
  results: ValidationResult[] | undefined
}

const NO_BODY: ReadBody = { text: null, plain: false, bytes: null, results: undefined }
const MISSING: ReadBody = { ...NO_BODY, results: [fault('a body is required')] }

function fault(message: string): ValidationResult {
  return { in: 'body', path: '', message }
}

export class BodyReader {
  readonly #parseJson: JsonParser
  #error: Error | null = null
  #value: unknown
  /** One callback for all: the parser calls it before it returns. */
  readonly #parsed = (error: Error | null, value?: unknown): void => {
    this.#error = error
    this.#value = value
  }

  constructor(parseJson: JsonParser) {
    this.#parseJson = parseJson
  }

  /** @param required Whether the route wants a body. */
  read(visit: Visit, required: boolean): ReadBody {
    const { body: bytes, mediaType, format, form, endpoint } = visit
    const check = endpoint.checks.bodies?.get(visit.accepted)
    if (form) return readFields(form.fields, fields => readFormWithFiles(fields, form.files, check))
    if (bytes === null) return required ? MISSING : NO_BODY
    if (format) return readFormat(format, bytes, endpoint.maxDepth, check)
    const kind = formOf(mediaType)
    if (kind === 'bytes') return { ...NO_BODY, bytes }
    if (!isUtf8(bytes)) return { ...NO_BODY, bytes, results: [fault('is not valid UTF-8')] }
    const text = bytes.toString('utf8')
    if (kind === 'form') return readFields(parseQuery(text), fields => checked(fields, check))
    if (kind === 'text') return { text, plain: true, bytes: null, results: undefined }
    if (isDeeper(bytes, endpoint.maxDepth))
      return { text, plain: true, bytes: null, results: [fault('is nested too deep')] }
    return this.#json(text, check)
  }

  #json(text: string, check: BodyCheck | undefined): ReadBody {
    this.#parseJson(undefined, text, this.#parsed)
    if (this.#error !== null) {
      this.#error = null
      return { text, plain: true, bytes: null, results: [fault('is not valid JSON')] }
    }
    const value = this.#value
    this.#value = undefined
    const verdict = check?.run(value) ?? 'as-is'
    return {
      text: verdict === 'changed' ? JSON.stringify(value) : text,
      plain: false,
      bytes: null,
      results: verdict === 'invalid' ? check!.results() : undefined,
    }
  }
}

type Fields = Record<string, unknown>

/** A key that JSON may not have either: assigned to another object, it would be its prototype. */
const PROTO = '__proto__'

function readFields(fields: Readonly<Fields>, read: (fields: Fields) => ReadBody): ReadBody {
  if (!Object.hasOwn(fields, PROTO)) return read({ ...fields })
  const { [PROTO]: _refused, ...others } = fields
  return { ...read(others), results: [fault(`has the key ${PROTO}`)] }
}

/** What is no value of the format is handed on as its bytes, where it is handed on. */
function readFormat(format: Format, bytes: Buffer, maxDepth: number, check: BodyCheck | undefined): ReadBody {
  let value: unknown
  try {
    value = format.decode(bytes, maxDepth)
  } catch (error) {
    return { ...NO_BODY, bytes, results: [fault(`is no ${format.types[0]}: ${(error as Error).message}`)] }
  }
  return checked(value, check)
}

/**
 * For its schema a file is a text, as OpenAPI has it (`format: binary`): its name stands for it. What crosses has the
 * fields alone.
 */
function readFormWithFiles(fields: Fields, files: ReadForm['files'], check: BodyCheck | undefined): ReadBody {
  if (!check || files.length === 0) return checked(fields, check)
  const names = new Map<string, string[]>()
  for (const { name, filename } of files) names.set(name, [...(names.get(name) ?? []), filename])
  const all = { ...fields }
  for (const [name, filenames] of names) all[name] ??= filenames.length === 1 ? filenames[0] : filenames
  const body = checked(all, check)
  for (const name of names.keys()) if (!Object.hasOwn(fields, name)) delete all[name]
  return { ...body, text: JSON.stringify(all) }
}

function checked(value: unknown, check: BodyCheck | undefined): ReadBody {
  const verdict = check?.run(value) ?? 'as-is'
  return {
    text: JSON.stringify(value),
    plain: false,
    bytes: null,
    results: verdict === 'invalid' ? check!.results() : undefined,
  }
}
