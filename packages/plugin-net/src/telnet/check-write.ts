/**
 * What a program may ask a session to send, checked before any of it is sent.
 * @module
 */
import { COMMANDS } from './commands.ts'
import type { TelnetWrite } from './events.ts'
import { OPTIONS } from './options.ts'

type Fields = Readonly<Record<string, unknown>>

/** One for each kind of write, by the key that tells it. */
const CHECKS: Readonly<Record<string, (fields: Fields) => void>> = {
  text: ({ text }) => requireType('text', text, 'string'),
  prompt: ({ prompt }) => requireType('prompt', prompt, 'string'),
  raw: ({ raw }) => requireBytes('raw', raw),
  gmcp({ gmcp }) {
    requireType('gmcp', gmcp, 'string')
    if (gmcp === '' || (gmcp as string).includes(' ')) throw unfit('gmcp', gmcp, 'a name without spaces')
  },
  msdp: ({ msdp }) => requireType('msdp', msdp, 'object'),
  mssp({ mssp }) {
    requireType('mssp', mssp, 'object')
    for (const [name, value] of Object.entries(mssp as object))
      for (const item of Array.isArray(value) ? value : [value])
        if (typeof item === 'object' || item === undefined)
          throw new TypeError(`mssp.${name} must be text, a number, a boolean or a list of them`)
  },
  naws({ naws }) {
    requireType('naws', naws, 'object')
    const { width, height } = naws as Fields
    requireType('naws.width', width, 'number')
    requireType('naws.height', height, 'number')
  },
  echo: ({ echo }) => requireType('echo', echo, 'boolean'),
  option({ option, enable, side }) {
    const isNamed = typeof option === 'string' && Object.hasOwn(OPTIONS, option)
    if (!isNamed && !isOptionCode(option))
      throw unfit('option', option, `a number from 0 to 255 or one of ${Object.keys(OPTIONS).join(', ')}`)
    requireType('enable', enable, 'boolean')
    if (side !== undefined && side !== 'local' && side !== 'remote')
      throw unfit('side', side, 'local or remote')
  },
  subnegotiation({ subnegotiation, data }) {
    if (!isOptionCode(subnegotiation)) throw unfit('subnegotiation', subnegotiation, 'a number from 0 to 255')
    requireBytes('data', data)
  },
  command({ command }) {
    if (typeof command !== 'string' || !Object.hasOwn(COMMANDS, command))
      throw unfit('command', command, `one of ${Object.keys(COMMANDS).join(', ')}`)
  },
}
const KINDS = Object.entries(CHECKS)

/**
 * @throws {TypeError} for a field of another type, or none of the fields that tell what it is.
 * @throws {RangeError} for a name or number that there is none of.
 */
export function checkWrite(message: Exclude<TelnetWrite, string>): void {
  for (const [key, check] of KINDS) if (key in message) return check(message as unknown as Fields)
  throw new TypeError(`telnet sends text and objects with one of the keys ${Object.keys(CHECKS).join(', ')}`)
}

function isOptionCode(value: unknown): boolean {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 255
}

function requireType(name: string, value: unknown, type: 'string' | 'number' | 'boolean' | 'object'): void {
  if (kindOf(value) !== type)
    throw new TypeError(`${name} must be ${article(type)}, not ${article(kindOf(value))}`)
}

function requireBytes(name: string, value: unknown): void {
  if (!(value instanceof Uint8Array))
    throw new TypeError(`${name} must be a Uint8Array, not ${article(kindOf(value))}`)
}

function unfit(name: string, value: unknown, wanted: string): RangeError {
  const shown = typeof value === 'string' ? JSON.stringify(value.slice(0, 60)) : String(value)
  return new RangeError(`${name} must be ${wanted}, not ${shown}`)
}

function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value)
  if (value instanceof Uint8Array) return 'Uint8Array'
  return Array.isArray(value) ? 'array' : typeof value
}

function article(kind: string): string {
  if (kind === 'null' || kind === 'undefined') return kind
  return kind === 'object' || kind === 'array' ? `an ${kind}` : `a ${kind}`
}
