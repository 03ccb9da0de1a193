/**
 * What a verb is: a command on the channel `system` that the server runs itself.
 * @module
 */
import type { CommandEnvelope } from '../../envelope/types.ts'
import { HydrogenError } from '../../errors.ts'
import type { HydrogenConnection } from '../connection.ts'
import type { HydrogenContext } from '../context.ts'

export interface Verb {
  /** It shows who the client is: nothing is asked of it beforehand. */
  readonly authenticates?: boolean
  /**
   * Idempotent: a client that has not seen the response sends the command again. What follows from it for the client,
   * events first of all, is to happen after `respond`, which is called once.
   *
   * @throws {HydrogenError} what the client is told instead.
   */
  run(
    context: HydrogenContext,
    connection: HydrogenConnection,
    command: CommandEnvelope,
    respond: (data: unknown) => void,
  ): void | Promise<void>
}

/** What a command brings. */
export type Fields = Readonly<Record<string, unknown>>

/** The command's data. @throws {HydrogenError} `mistyped_field` where that is no mapping. */
export function fieldsOf({ data }: CommandEnvelope): Fields {
  if (data === undefined) return {}
  if (typeof data !== 'object' || data === null || Array.isArray(data))
    throw new HydrogenError('mistyped_field', { field: 'data' })
  return data as Fields
}

/** A field of the data, of this type. @throws {HydrogenError} `missing_field`, `mistyped_field`. */
export function text(fields: Fields, name: string): string {
  const value = fields[name]
  if (value === undefined) throw new HydrogenError('missing_field', { field: `data.${name}` })
  if (typeof value !== 'string') throw new HydrogenError('mistyped_field', { field: `data.${name}` })
  return value
}

/** @throws {HydrogenError} `mistyped_field`. */
export function flag(fields: Fields, name: string): boolean | undefined {
  const value = fields[name]
  if (value !== undefined && typeof value !== 'boolean')
    throw new HydrogenError('mistyped_field', { field: `data.${name}` })
  return value
}

/** An integer within bounds. @throws {HydrogenError} `mistyped_field`, `bad_value`. */
export function count(
  fields: Fields,
  name: string,
  least: number,
  most = Number.MAX_SAFE_INTEGER,
): number | undefined {
  const value = fields[name]
  if (value === undefined) return undefined
  if (typeof value !== 'number') throw new HydrogenError('mistyped_field', { field: `data.${name}` })
  if (!Number.isSafeInteger(value) || value < least || value > most)
    throw new HydrogenError('bad_value', { field: `data.${name}` })
  return value
}
