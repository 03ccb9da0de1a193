/**
 * Reading a request's body: from bytes to what is validated and what crosses.
 * @module
 */
import { isUtf8 } from 'node:buffer'
import { parseQuery } from '@unisock/plugin-http/core'
import { formOf } from '../media-type.ts'
import type { ValidationResult } from '../validation-result.ts'
import type { BodyCheck } from './validation.ts'

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

  read(bytes: Buffer | null, mediaType: string, check: BodyCheck | undefined, required: boolean): ReadBody {
    if (bytes === null) return required ? MISSING : NO_BODY
    const form = formOf(mediaType)
    if (form === 'bytes') return { ...NO_BODY, bytes }
    if (!isUtf8(bytes)) return { ...NO_BODY, bytes, results: [fault('is not valid UTF-8')] }
    const text = bytes.toString('utf8')
    if (form === 'json') return this.#json(text, check)
    if (form === 'form') return readForm(text, check)
    return { text, plain: true, bytes: null, results: undefined }
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

function readForm(text: string, check: BodyCheck | undefined): ReadBody {
  const value = parseQuery(text)
  const verdict = check?.run(value) ?? 'as-is'
  return {
    text: JSON.stringify(value),
    plain: false,
    bytes: null,
    results: verdict === 'invalid' ? check!.results() : undefined,
  }
}
