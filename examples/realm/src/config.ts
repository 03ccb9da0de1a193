/**
 * What the realm's configuration file says.
 * @module
 */
import { isName } from './play/text.ts'

export interface Config {
  /** What is said at the telnet door. */
  readonly greeting: string
  /** The keeper's name. */
  readonly keeper: string
  readonly limits: {
    /** Who play at the same time. */
    readonly players: number
    /** After which a terminal that nobody types at is hung up on. 0: never. */
    readonly idleMinutes: number
  }
  /** Words that nobody hears, in whatever case they are said. */
  readonly masked: readonly string[]
}

/** In force where the file does not say. */
export const DEFAULTS: Config = {
  greeting: 'Welcome to the realm. A name is enough to look around.',
  keeper: 'keeper',
  limits: { players: 200, idleMinutes: 60 },
  masked: [],
}

/** What a masked word is made of. */
export const WORD = /\p{L}{1,40}/u

const ONE_WORD = new RegExp(`^${WORD.source}$`, 'u')
const MAX_GREETING = 400
const MAX_MASKED = 1000

/** @throws Error that says what is wrong, and where */
export function parseConfig(text: string): Config {
  const file = new Fields('', JSON.parse(text), DEFAULTS)
  const limits = new Fields('limits.', file.take('limits', isMapping, 'a mapping'), DEFAULTS.limits)
  return {
    greeting: file.take('greeting', isTextUpTo(MAX_GREETING), `1 to ${MAX_GREETING} characters`),
    keeper: file.take('keeper', isNameText, 'a name: 2 to 20 letters'),
    limits: {
      players: limits.take('players', isWithin(1, 10_000), 'a whole number from 1 to 10000'),
      idleMinutes: limits.take('idleMinutes', isWithin(0, 1440), 'a whole number from 0 to 1440'),
    },
    masked: file.take('masked', areWords, `a list of up to ${MAX_MASKED} words of 1 to 40 letters`),
  }
}

/** A mapping of the file, and the defaults that stand behind it. */
class Fields<D extends object> {
  readonly #path: string
  readonly #given: Readonly<Record<string, unknown>>
  readonly #defaults: D

  constructor(path: string, given: unknown, defaults: D) {
    if (!isMapping(given)) throw new Error('a configuration is a mapping')
    const stray = Object.keys(given).find(name => !Object.hasOwn(defaults, name))
    if (stray !== undefined) throw new Error(`there is no ${path}${stray}`)
    this.#path = path
    this.#given = given
    this.#defaults = defaults
  }

  take<K extends keyof D & string>(name: K, fits: (value: unknown) => boolean, what: string): D[K] {
    const value = this.#given[name]
    if (value === undefined) return this.#defaults[name]
    if (!fits(value)) throw new Error(`${this.#path}${name} is to be ${what}`)
    return value as D[K]
  }
}

function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isNameText(value: unknown): boolean {
  return typeof value === 'string' && isName(value)
}

function isTextUpTo(length: number): (value: unknown) => boolean {
  return value => typeof value === 'string' && value.trim() !== '' && value.length <= length
}

function isWithin(least: number, most: number): (value: unknown) => boolean {
  return value => Number.isInteger(value) && (value as number) >= least && (value as number) <= most
}

function areWords(value: unknown): boolean {
  return Array.isArray(value) && value.length <= MAX_MASKED && value.every(isWord)
}

function isWord(value: unknown): boolean {
  return typeof value === 'string' && ONE_WORD.test(value)
}
