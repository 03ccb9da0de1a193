/**
 * The JSON schemas that most options and their properties have.
 * @module
 */
import type { Schema } from './option.ts'

export function boolean(description: string): Schema {
  return { type: 'boolean', description }
}

export function integer(description: string, minimum: number, maximum: number): Schema {
  return { type: 'integer', minimum, maximum, description }
}

/** A string that is not empty. */
export function text(description: string): Schema {
  return { type: 'string', minLength: 1, description }
}
