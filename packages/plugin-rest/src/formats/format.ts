/**
 * Media types beside JSON: their names, and how they are read and written.
 * @module
 */
import type { FormatName } from '@unisock/plugin-http/core'
import { jsonForm } from './json-form.ts'
import { checkMsgpack } from './msgpack-shape.ts'

export interface Format {
  /** Its media types, the registered one first. */
  readonly types: readonly string[]
  /**
   * The value in its JSON form.
   *
   * @throws {Error} for what is not of the format, is nested too deep, or has no JSON form.
   */
  decode(data: Buffer, depth: number): unknown
  /** @param value What JSON.parse makes. */
  encode(value: unknown): Uint8Array
}

export const FORMAT_TYPES: Readonly<Record<FormatName, readonly string[]>> = {
  msgpack: ['application/msgpack', 'application/vnd.msgpack', 'application/x-msgpack'],
  cbor: ['application/cbor'],
}

const loaded = new Map<FormatName, Promise<Format>>()

/** Loads what reads and writes a format. */
export function loadFormat(name: FormatName): Promise<Format> {
  let format = loaded.get(name)
  if (!format) {
    format = name === 'msgpack' ? loadMsgpack() : loadCbor()
    loaded.set(name, format)
  }
  return format
}

async function loadMsgpack(): Promise<Format> {
  const { Packr } = await import('msgpackr')
  const packr = new Packr({
    useRecords: false,
    mapsAsObjects: false,
    variableMapSize: true,
    int64AsType: 'bigint',
  })
  return {
    types: FORMAT_TYPES.msgpack,
    decode: (data, depth) => {
      checkMsgpack(data, depth)
      return jsonForm(packr.unpack(data), depth)
    },
    // The packer's own memory is overwritten by the next one.
    encode: value => Buffer.from(packr.pack(value)),
  }
}

async function loadCbor(): Promise<Format> {
  const { decode, encode } = await import('cborg')
  const options = {
    useMaps: true,
    rejectDuplicateMapKeys: true,
    allowInfinity: false,
    allowNaN: false,
    tags: CBOR_TAGS,
  }
  return {
    types: FORMAT_TYPES.cbor,
    decode: (data, depth) => jsonForm(decode(data, options), depth),
    // In the order that JSON has: sorting is for those who sign.
    encode: value => encode(value, KEEP_ORDER),
  }
}

const KEEP_ORDER = { mapSorter: undefined } as unknown as object

/** RFC 8949 section 3.4: times, large integers, and the mark of a format. */
const CBOR_TAGS: Record<number, (decode: () => any) => unknown> = {
  0: decode => new Date(decode()),
  1: decode => new Date(Number(decode()) * 1000),
  2: decode => bigint(decode()),
  3: decode => -1n - bigint(decode()),
  55799: decode => decode(),
}

function bigint(bytes: Uint8Array): bigint {
  // Conversion to text takes time that grows faster than the length.
  if (bytes.length > 128) throw new Error('has a number that is too long')
  return bytes.length === 0 ? 0n : BigInt(`0x${Buffer.from(bytes).toString('hex')}`)
}
