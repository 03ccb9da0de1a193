/**
 * Values that the environment has: `"Port": "${env.HYDROGEN_PORT}"`.
 * @module
 */

export type Environment = Readonly<Record<string, string | undefined>>

const START = '${env.'

/** The name of the variable that a value is, as a whole; undefined where it is something else. */
export function variableOf(value: unknown): string | undefined {
  if (typeof value !== 'string' || !value.startsWith(START)) return undefined
  return value.indexOf('}') === value.length - 1 ? value.slice(START.length, -1) : undefined
}
