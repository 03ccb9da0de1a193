/**
 * The media types of a route: what its bodies may be, and which one a client gets.
 * @module
 */
import { createRequire } from 'node:module'
import type { FormatName, Formats } from '@unisock/plugin-http/core'
import { type Format, loadFormat } from './format.ts'

const require = createRequire(import.meta.url)

interface Negotiator {
  mediaTypes(available: readonly string[]): string[]
}
type NegotiatorClass = new (request: { headers: { accept: string } }) => Negotiator

const JSON_TYPE = 'application/json'
const MAX_KNOWN = 200

/** What of the formats a client gets. */
export interface Choice {
  /** Undefined: JSON. */
  readonly format: Format | undefined
  /** The media type that it asked for. */
  readonly type: string
}

const AS_JSON: Choice = { format: undefined, type: JSON_TYPE }

export class RouteFormats {
  /** Whether who accepts nothing of it is told so. */
  readonly strict: boolean
  readonly #formats: readonly Format[]
  readonly #byType = new Map<string, Format>()
  readonly #Negotiator = require('negotiator') as NegotiatorClass
  /** What was chosen, by Accept: clients say the same again and again. */
  readonly #chosen = new Map<string, Choice | undefined>()

  private constructor(formats: readonly Format[], strict: boolean) {
    this.#formats = formats
    this.strict = strict
    for (const format of formats) for (const type of format.types) this.#byType.set(type, format)
  }

  /** Undefined where there is nothing but JSON. */
  static async load(value: boolean | Formats | undefined): Promise<RouteFormats | undefined> {
    if (!value) return undefined
    const { types = ['msgpack', 'cbor'] as FormatName[], strict = false } = value === true ? {} : value
    return new RouteFormats(await Promise.all(types.map(loadFormat)), strict)
  }

  /** The registered names. */
  get types(): string[] {
    return this.#formats.map(({ types }) => types[0]!)
  }

  of(mediaType: string): Format | undefined {
    return this.#byType.get(mediaType)
  }

  /** What suits an Accept field best (RFC 9110 section 12.5.1); undefined where nothing does. */
  choose(accept: string | undefined): Choice | undefined {
    if (accept === undefined) return AS_JSON
    if (this.#chosen.has(accept)) return this.#chosen.get(accept)
    const choice = this.#choose(accept)
    if (this.#chosen.size < MAX_KNOWN) this.#chosen.set(accept, choice)
    return choice
  }

  #choose(accept: string): Choice | undefined {
    const negotiator = new this.#Negotiator({ headers: { accept } })
    const type = negotiator.mediaTypes([JSON_TYPE, ...this.#byType.keys()])[0]
    return type === undefined ? undefined : { format: this.#byType.get(type), type }
  }
}
