/**
 * Values as a store keeps them: msgpack bytes, which the store itself never reads.
 * @module
 */
import { Packr } from 'msgpackr/pack'
import { Unpackr } from 'msgpackr/unpack'
import { assertPlain } from '../link/plain.ts'

const packr = new Packr({ useRecords: false, moreTypes: false, variableMapSize: true })
const unpackr = new Unpackr({ useRecords: false, mapsAsObjects: true, copyBuffers: true })

/** @throws SocketError EBADDATA, naming the path of what is not plain */
export function packValue(value: unknown): Uint8Array {
  assertPlain(value)
  return packr.pack(value)
}

export function unpackValue(bytes: Uint8Array): unknown {
  return unpackr.unpack(bytes)
}
