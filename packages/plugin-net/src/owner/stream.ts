/**
 * Stream modes in the owner's thread.
 * @module
 */
import type { OwnerHalf } from '@unisock/kernel/plugin'
import { assertText } from './bytes.ts'

/** Bytes cross as they are and come as Buffers. */
export const binaryOwner: OwnerHalf = { encode: assertText }

/** Text crosses as UTF-8 that ends between characters; in other encodings it was decoded in the worker. */
export const textOwner: OwnerHalf = {
  encode: assertText,
  receive: (wire: Buffer | string) => (typeof wire === 'string' ? wire : wire.toString()),
}
